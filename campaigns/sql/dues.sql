-- Times at which the clock sets off campaigns: written with the leads of a bundle, planned and told by maintenance.

-- name: upsert_dues
-- By who changed a lead, so it is as the lead is now. In the order of the key, as maintenance writes them.
INSERT INTO campaigns_duetime (tenant_id, campaign_id, lead_id, trigger, occasion, version, due_at, type, data)
SELECT w.* FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::int[], %s::timestamptz[],
    %s::text[], %s::jsonb[]) AS w
ON CONFLICT (tenant_id, campaign_id, lead_id, trigger, occasion) DO UPDATE SET
    version = excluded.version, due_at = excluded.due_at, data = excluded.data;

-- name: delete_dues_changed
-- What is no occasion of the lead any more: all but one that may be kept, and of silences those that began before.
DELETE FROM campaigns_duetime AS d
USING unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
    AS w (tenant_id, campaign_id, lead_id, trigger, kept, before)
WHERE d.tenant_id = w.tenant_id AND d.campaign_id = w.campaign_id AND d.lead_id = w.lead_id AND d.trigger = w.trigger
  AND d.occasion <> w.kept AND (w.before IS NULL OR d.due_at < w.before);

-- name: take_dues
-- Those due longest, less those of tenants that had their turn. Without a campaign's key those that nobody is told: of
-- another version, or while the campaign takes nobody in; without a lead's those of who was deleted or merged. Served by
-- the index on due_at and the tenant.
SELECT d.tenant_id, d.campaign_id, c.key, d.lead_id, l.key, d.trigger, d.occasion, d.due_at, d.type, d.data,
       coalesce(c.priority = 'high', false)
FROM campaigns_duetime AS d
LEFT JOIN campaigns_lead AS l
    ON l.tenant_id = d.tenant_id AND l.id = d.lead_id AND l.deleted_at IS NULL AND l.merged_into IS NULL
LEFT JOIN campaigns_campaign AS c
    ON c.tenant_id = d.tenant_id AND c.id = d.campaign_id AND c.live_version = d.version
   AND (c.status = 'active' OR (c.status = 'paused' AND c.pause_mode = 'collect'))
WHERE d.due_at <= %(now)s AND d.tenant_id <> ALL(%(had)s::text[])
ORDER BY d.due_at
LIMIT %(limit)s
FOR NO KEY UPDATE OF d SKIP LOCKED;

-- name: delete_dues_told
DELETE FROM campaigns_duetime AS d
USING unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])
    AS w (tenant_id, campaign_id, lead_id, trigger, occasion)
WHERE d.tenant_id = w.tenant_id AND d.campaign_id = w.campaign_id AND d.lead_id = w.lead_id
  AND d.trigger = w.trigger AND d.occasion = w.occasion;

-- name: take_plan
-- The campaign that waits longest for its turn, of the tenants that had none in this round. Served by the index on
-- turn_at.
SELECT p.tenant_id, p.campaign_id, p.version, p.planned_to, p.planning_to, p.cursor, p.checked,
       c.status IN ('active', 'paused') AND c.live_version = p.version
FROM campaigns_dueplan AS p
JOIN campaigns_campaign AS c ON c.tenant_id = p.tenant_id AND c.id = p.campaign_id
WHERE p.turn_at <= %(now)s AND p.tenant_id <> ALL(%(had)s::text[])
ORDER BY p.turn_at
LIMIT 1
FOR NO KEY UPDATE OF p SKIP LOCKED;

-- name: upsert_plan
-- On publication: what comes from now on is planned, at once.
INSERT INTO campaigns_dueplan (tenant_id, campaign_id, version, planned_to, turn_at)
VALUES (%(tenant)s, %(campaign)s, %(version)s, %(now)s, %(now)s)
ON CONFLICT (tenant_id, campaign_id) DO UPDATE SET
    version = excluded.version, planned_to = excluded.planned_to, planning_to = NULL, cursor = 0, checked = false,
    turn_at = excluded.turn_at;

-- name: delete_plan
DELETE FROM campaigns_dueplan WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s;

-- name: begin_plan
UPDATE campaigns_dueplan SET planning_to = %(until)s, cursor = 0
WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND planning_to IS NULL;

-- name: advance_plan
UPDATE campaigns_dueplan SET cursor = %(cursor)s, turn_at = %(now)s
WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND planning_to IS NOT NULL;

-- name: finish_plan
UPDATE campaigns_dueplan
SET planned_to = %(planned_to)s, planning_to = NULL, checked = true, turn_at = %(next)s
WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND planning_to IS NOT NULL;

-- name: select_leads_with_fields
-- A page of leads that have a field. Served by the unique index on (tenant_id, id).
SELECT l.id, l.fields::text
FROM campaigns_lead AS l
WHERE l.tenant_id = %(tenant)s AND l.id > %(cursor)s AND l.id <= %(last)s AND l.fields ? %(field)s
  AND l.deleted_at IS NULL AND l.merged_into IS NULL
ORDER BY l.id;

-- name: select_end_of_page
-- The last of so many leads. Served by the unique index on (tenant_id, id).
SELECT max(page.id) FROM (
    SELECT l.id FROM campaigns_lead AS l
    WHERE l.tenant_id = %(tenant)s AND l.id > %(cursor)s ORDER BY l.id LIMIT %(limit)s
) AS page;

-- name: select_leads_last_heard_of
-- A page of leads with their last event of some kinds since a moment, or when they were created. Served by the unique
-- index on (tenant_id, id) and, in the months concerned, by the activities' index on (tenant_id, lead_id, id).
SELECT l.id, greatest(l.created_at, (
    SELECT max(a.occurred_at) FROM campaigns_activity AS a
    WHERE a.tenant_id = l.tenant_id AND a.lead_id = l.id AND a.recorded_at >= %(since)s
      AND a.kind = ANY(%(kinds)s::text[]) AND a.campaign_id IS NULL))
FROM campaigns_lead AS l
WHERE l.tenant_id = %(tenant)s AND l.id > %(cursor)s AND l.id <= %(last)s
  AND l.deleted_at IS NULL AND l.merged_into IS NULL
ORDER BY l.id;

-- name: insert_dues_planned
-- In the order of the key. One that is there was written by who changed the lead, unless it is of another version.
INSERT INTO campaigns_duetime (tenant_id, campaign_id, lead_id, trigger, occasion, version, due_at, type, data)
SELECT w.* FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::int[], %s::timestamptz[],
    %s::text[], %s::jsonb[]) AS w
ON CONFLICT (tenant_id, campaign_id, lead_id, trigger, occasion) DO UPDATE SET
    version = excluded.version, due_at = excluded.due_at, data = excluded.data
WHERE campaigns_duetime.version <> excluded.version;
