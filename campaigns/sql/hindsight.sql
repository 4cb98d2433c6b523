-- What happened to leads, and the leads as they were before it happened.

-- name: select_lead_ids
-- The leads whose row changed last are not always those with the last events: any will do. Served by the unique index on
-- (tenant_id, id).
SELECT id FROM campaigns_lead WHERE tenant_id = %(tenant)s AND id > %(after)s ORDER BY id LIMIT %(limit)s;

-- name: select_history_since
-- Per lead its own rows, newest first. Served by the index on (tenant_id, lead_id, id) of the months concerned.
SELECT a.lead_id, a.id, a.occurred_at, a.recorded_at, a.kind, a.campaign_id, a.step, a.event_key::text, a.data::text
FROM campaigns_activity AS a
WHERE a.tenant_id = %(tenant)s AND a.lead_id = ANY(%(leads)s::bigint[]) AND a.recorded_at >= %(since)s
ORDER BY a.lead_id, a.id DESC
LIMIT %(limit)s;

-- name: select_last_heard_before
-- Leads that were there at a moment, with their last event of some kinds between two moments, or when they were created.
-- Served by the unique index on (tenant_id, id) and, in the months concerned, by the activities' on (tenant_id, lead_id, id).
SELECT l.id, greatest(l.created_at, (
    SELECT max(a.occurred_at) FROM campaigns_activity AS a
    WHERE a.tenant_id = l.tenant_id AND a.lead_id = l.id AND a.recorded_at >= %(first)s AND a.recorded_at < %(since)s
      AND a.kind = ANY(%(kinds)s::text[]) AND a.campaign_id IS NULL))
FROM campaigns_lead AS l
WHERE l.tenant_id = %(tenant)s AND l.id = ANY(%(leads)s::bigint[]) AND l.created_at < %(since)s;
