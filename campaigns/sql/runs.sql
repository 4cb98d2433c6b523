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
RETURNING r.tenant_id, l.key, r.id, r.waits, due.wake_at, EXISTS (
    SELECT FROM campaigns_campaign AS c
    WHERE c.tenant_id = r.tenant_id AND c.id = r.campaign_id AND c.priority = 'high');

-- name: release_held_runs
-- Those whose campaign runs again are due now, under a new number: the ledger knows the old one as done. Those whose
-- time has not come only look at what happened meanwhile; those at the door begin. Served by the index on held runs.
WITH released AS (
    SELECT r.tenant_id, r.lead_id, r.id, c.overdue
    FROM campaigns_parkedrun AS r
    JOIN campaigns_campaign AS c ON c.tenant_id = r.tenant_id AND c.id = r.campaign_id
    WHERE r.held AND (c.status = 'active' OR (c.status = 'paused' AND c.pause_mode = 'drain'))
    LIMIT %(limit)s
    FOR NO KEY UPDATE OF r SKIP LOCKED
)
UPDATE campaigns_parkedrun AS r
SET held = false, wake_at = %(now)s, waits = r.waits + 1,
    state = CASE WHEN w.overdue = 'end' AND NOT r.state ?| '{looks,door}' THEN r.state || '{"overdue": true}'
                 ELSE r.state - 'looks' END
FROM released AS w
WHERE r.tenant_id = w.tenant_id AND r.lead_id = w.lead_id AND r.id = w.id;

-- name: remove_ended_runs
-- Of campaigns that were emptied or archived within the last hour: workers ignore these runs from that moment on, and
-- no transaction that read them before is still open after an hour. Each leaves a line in its lead's history, and who
-- waits for one is due now.
WITH emptied AS MATERIALIZED (
    SELECT c.tenant_id, c.id, c.status, c.emptied_at
    FROM campaigns_campaign AS c
    WHERE c.emptied_at > %(now)s - interval '1 hour'
), ended AS (
    SELECT r.tenant_id, r.lead_id, r.id
    FROM emptied AS c
    JOIN campaigns_parkedrun AS r ON r.tenant_id = c.tenant_id AND r.campaign_id = c.id
    WHERE r.entered_at < c.emptied_at
    LIMIT %(limit)s
    FOR UPDATE OF r SKIP LOCKED
), gone AS (
    DELETE FROM campaigns_parkedrun AS r USING ended AS w
    WHERE r.tenant_id = w.tenant_id AND r.lead_id = w.lead_id AND r.id = w.id
    RETURNING r.tenant_id, r.lead_id, r.campaign_id, r.version, r.step, r.id,
        coalesce(r.state->>'parent', split_part(r.state->'data'->>'requested_by', ':', 1)) AS parent
), woken AS (
    UPDATE campaigns_parkedrun AS r SET wake_at = %(now)s, waits = r.waits + 1 FROM gone AS g
    WHERE r.tenant_id = g.tenant_id AND r.lead_id = g.lead_id AND r.id = g.parent AND r.id NOT IN (SELECT id FROM gone)
)
INSERT INTO campaigns_activity
    (tenant_id, lead_id, recorded_at, occurred_at, kind, campaign_id, version, step, event_key, data)
SELECT g.tenant_id, g.lead_id, %(now)s, %(now)s, 'run_ended', g.campaign_id, g.version, g.step,
       md5('run:' || g.id)::uuid,
       jsonb_build_object('outcome', 'cancelled', 'ended', 'the campaign was emptied', 'run', g.id)
FROM gone AS g;

-- name: count_runs_inside
-- Of one campaign, by version and step; how many of them are overdue after a pause, and how many begin after it. Served
-- by the index by campaign.
SELECT version, step, count(*), count(*) FILTER (WHERE held AND NOT state ?| '{looks,door}'),
       count(*) FILTER (WHERE held AND state ? 'door')
FROM campaigns_parkedrun
WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND entered_at >= coalesce(%(emptied_at)s::timestamptz, '-infinity')
GROUP BY version, step ORDER BY version, step;
