-- When events were due and which transaction executed them.

-- name: select_snapshot
-- The clock is read after the snapshot was taken.
SELECT extract(epoch FROM clock_timestamp())::float8, pg_current_snapshot()::text;

-- name: select_executed
-- Of the events due since a moment: tenant, when it was due in seconds since 1970, the transaction.
SELECT tenant_id, extract(epoch FROM occurred_at)::float8, xmin::text::bigint
FROM campaigns_activity WHERE kind = 'purchase' AND occurred_at >= %s;

-- name: count_spilled
SELECT coalesce(sum(last), 0) FROM engine_lanemode;
