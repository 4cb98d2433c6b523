-- Runs taken from one version of a campaign to another, some at a time, with their leads locked as for a bundle.

-- name: next_move
-- The one whose last turn is longest ago.
SELECT id, tenant_id, campaign_id, from_version, to_version, plan::text, state, started_at
FROM campaigns_move WHERE turn_at IS NOT NULL ORDER BY turn_at LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: select_leads_to_move
-- Served by the index by campaign.
SELECT DISTINCT r.lead_id FROM campaigns_parkedrun AS r
WHERE r.tenant_id = %(tenant)s AND r.campaign_id = %(campaign)s AND r.version = %(from)s AND r.step = ANY(%(steps)s::text[])
LIMIT %(limit)s;

-- name: select_leads_to_take_back
SELECT DISTINCT r.lead_id FROM campaigns_parkedrun AS r
WHERE r.tenant_id = %(tenant)s AND r.campaign_id = %(campaign)s AND r.version = %(to)s
    AND r.state->'moved'->>'by' = %(move)s::text
LIMIT %(limit)s;

-- name: count_runs_to_take_back
SELECT count(*) FROM campaigns_parkedrun AS r
WHERE r.tenant_id = %(tenant)s AND r.campaign_id = %(campaign)s AND r.version = %(to)s
    AND r.state->'moved'->>'by' = %(move)s::text;

-- name: lock_leads_of_runs
-- In id order, as bundles lock them: no bundle that has read a run writes it back over this.
SELECT l.id FROM campaigns_lead AS l
WHERE l.tenant_id = %(tenant)s AND l.id = ANY(%(leads)s::bigint[]) ORDER BY l.id FOR NO KEY UPDATE;

-- name: move_runs
-- A wait that goes on keeps its end and what it remembers; any other step begins at once, unless its campaign holds it.
-- The number changes, so that what the lane was told of the old wait is nothing. What was before is kept until the run
-- goes on.
UPDATE campaigns_parkedrun AS r
SET version = %(to)s, step = m.value->>'to', waits = r.waits + 1,
    wake_at = CASE WHEN r.held AND NOT r.state ? 'looks' THEN NULL
                   WHEN (m.value->>'keeps')::bool THEN (r.state->>'until')::timestamptz
                   ELSE %(now)s END,
    state = CASE WHEN (m.value->>'keeps')::bool THEN r.state - 'moved' || CASE
                     WHEN r.state->'memories' ? r.step THEN jsonb_build_object('memories', (r.state->'memories') - r.step
                         || jsonb_build_object(m.value->>'to', r.state->'memories'->r.step))
                     ELSE '{}' END
                 ELSE (r.state - '{until,since,moved}'::text[]) || '{"door": true}' END
        || jsonb_build_object('moved', jsonb_build_object(
            'by', %(move)s::text, 'version', r.version, 'step', r.step, 'state', r.state - 'moved'))
FROM jsonb_each(%(plan)s::jsonb) AS m
WHERE r.tenant_id = %(tenant)s AND r.campaign_id = %(campaign)s AND r.version = %(from)s
    AND r.lead_id = ANY(%(leads)s::bigint[]) AND r.step = m.key AND m.value->>'to' IS NOT NULL;

-- name: end_runs_of_move
-- Who waits for one of them is due now.
WITH gone AS (
    DELETE FROM campaigns_parkedrun AS r USING jsonb_each(%(plan)s::jsonb) AS m
    WHERE r.tenant_id = %(tenant)s AND r.campaign_id = %(campaign)s AND r.version = %(from)s
        AND r.lead_id = ANY(%(leads)s::bigint[]) AND r.step = m.key AND m.value->>'to' IS NULL
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
       jsonb_build_object('outcome', 'cancelled', 'ended', 'ended by a move to another version', 'run', g.id)
FROM gone AS g;

-- name: take_runs_back
-- Those that have not gone on since: what goes on forgets where it came from.
UPDATE campaigns_parkedrun AS r
SET version = (r.state->'moved'->>'version')::int, step = r.state->'moved'->>'step', waits = r.waits + 1,
    wake_at = CASE WHEN r.held AND NOT r.state ? 'looks' THEN NULL
                   ELSE (r.state->'moved'->'state'->>'until')::timestamptz END,
    state = r.state->'moved'->'state'
WHERE r.tenant_id = %(tenant)s AND r.campaign_id = %(campaign)s AND r.version = %(to)s
    AND r.lead_id = ANY(%(leads)s::bigint[]) AND r.state->'moved'->>'by' = %(move)s::text;

-- name: note_move
UPDATE campaigns_move
SET moved = moved + %(moved)s, ended = ended + %(ended)s, undone = undone + %(undone)s, state = %(state)s,
    turn_at = CASE WHEN %(over)s THEN NULL ELSE %(now)s END
WHERE id = %(move)s AND tenant_id = %(tenant)s;
