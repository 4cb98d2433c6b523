-- Parked runs: read with the leads of a bundle, written with its effects, woken when they are due.

-- name: select_runs
-- Only where a rulebook has campaigns that wait. Served by the primary key.
SELECT r.tenant_id, r.lead_id, r.id, r.campaign_id, r.version, r.key, r.step, r.wake_at, r.waits, r.entered_at,
       r.state::text, r.held
FROM unnest(%s::text[], %s::bigint[]) AS wanted (tenant_id, lead_id)
JOIN campaigns_parkedrun AS r ON r.tenant_id = wanted.tenant_id AND r.lead_id = wanted.lead_id;

-- name: upsert_runs
INSERT INTO campaigns_parkedrun
    (tenant_id, lead_id, id, campaign_id, version, key, step, wake_at, waits, entered_at, state, held)
SELECT w.* FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::int[], %s::text[], %s::text[],
    %s::timestamptz[], %s::int[], %s::timestamptz[], %s::jsonb[], %s::bool[]) AS w
ON CONFLICT (tenant_id, lead_id, id) DO UPDATE SET
    campaign_id = excluded.campaign_id, version = excluded.version, key = excluded.key, step = excluded.step,
    wake_at = excluded.wake_at, waits = excluded.waits, state = excluded.state, held = excluded.held;

-- name: delete_runs
DELETE FROM campaigns_parkedrun AS r
USING unnest(%s::text[], %s::bigint[], %s::text[]) AS w (tenant_id, lead_id, id)
WHERE r.tenant_id = w.tenant_id AND r.lead_id = w.lead_id AND r.id = w.id;

-- name: take_due_runs
-- Those due longest, less those of tenants that had their turn. Each is due again later, in case its lane loses what
-- it is told. Served by the index on wake_at and the tenant, which holds nobody who only waits for an event.
WITH due AS (
    SELECT r.tenant_id, r.lead_id, r.id, r.wake_at
    FROM campaigns_parkedrun AS r
    WHERE r.wake_at <= %(now)s AND r.tenant_id <> ALL(%(had)s::text[])
    ORDER BY r.wake_at
    LIMIT %(limit)s
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE campaigns_parkedrun AS r SET wake_at = %(again)s
FROM due JOIN campaigns_lead AS l ON l.tenant_id = due.tenant_id AND l.id = due.lead_id
WHERE r.tenant_id = due.tenant_id AND r.lead_id = due.lead_id AND r.id = due.id
RETURNING r.tenant_id, l.key, r.id, r.waits, due.wake_at;
