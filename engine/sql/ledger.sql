-- name: claim_events_not_done
-- Dedup and fence in one, and the first statement of the effects transaction: whoever holds a key uncommitted
-- makes the other wait here. In key order, so that two owners of the same bundle cannot deadlock. The look at
-- the day before keeps an id unique for at least 24 hours across midnight. Served by the primary key.
INSERT INTO engine_ledger (tenant_id, event_key, day)
SELECT e.tenant_id, e.event_key, e.day
FROM unnest(%s::text[], %s::uuid[], %s::date[]) AS e (tenant_id, event_key, day)
WHERE NOT EXISTS (
    SELECT FROM engine_ledger AS l
    WHERE l.tenant_id = e.tenant_id AND l.event_key = e.event_key AND l.day = e.day - 1
)
ORDER BY e.tenant_id, e.event_key
ON CONFLICT DO NOTHING
RETURNING tenant_id, event_key;

-- name: select_event_done
SELECT EXISTS (
    SELECT FROM engine_ledger
    WHERE tenant_id = %s AND event_key = %s AND day IN (%s, %s::date - 1)
);

-- name: insert_dead_letter
INSERT INTO engine_deadletter
    (tenant_id, lane, lead, event_id, event_type, payload, error, attempts, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now());

-- name: ensure_partitions
SELECT engine_ledger_partitions(%s);
