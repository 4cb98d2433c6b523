-- The leads of a bundle: read under lock, written back, all set-based. Every statement carries the tenant.

-- name: lock_leads_by_key
-- In id order, so that two writers of the same leads cannot deadlock. NO KEY UPDATE lets rows that refer to
-- a lead be written meanwhile. Served by the unique index on (tenant_id, key).
SELECT l.tenant_id, l.key, l.id, l.email, l.first_name, l.last_name, l.phone, c.name, l.owner_id, l.stage,
       l.score, l.tags, l.fields::text, l.frozen_until, l.deleted_at, l.restorable_until, l.merged_into
FROM unnest(%s::text[], %s::text[]) AS wanted (tenant_id, key)
JOIN campaigns_lead AS l ON l.tenant_id = wanted.tenant_id AND l.key = wanted.key
LEFT JOIN campaigns_company AS c ON c.tenant_id = l.tenant_id AND c.id = l.company_id
ORDER BY l.id
FOR NO KEY UPDATE OF l;

-- name: lock_leads_by_id
-- Those that others were merged into. Served by the unique index on (tenant_id, id).
SELECT l.tenant_id, l.key, l.id, l.email, l.first_name, l.last_name, l.phone, c.name, l.owner_id, l.stage,
       l.score, l.tags, l.fields::text, l.frozen_until, l.deleted_at, l.restorable_until, l.merged_into
FROM unnest(%s::text[], %s::bigint[]) AS wanted (tenant_id, id)
JOIN campaigns_lead AS l ON l.tenant_id = wanted.tenant_id AND l.id = wanted.id
LEFT JOIN campaigns_company AS c ON c.tenant_id = l.tenant_id AND c.id = l.company_id
ORDER BY l.id
FOR NO KEY UPDATE OF l;

-- name: insert_leads_missing
-- In key order (no deadlocks). A lead that somebody else made meanwhile is not returned: it is read again.
INSERT INTO campaigns_lead (tenant_id, key)
SELECT wanted.tenant_id, wanted.key
FROM unnest(%s::text[], %s::text[]) AS wanted (tenant_id, key)
ORDER BY wanted.tenant_id, wanted.key
ON CONFLICT (tenant_id, key) DO NOTHING
RETURNING tenant_id, key, id;

-- name: select_memberships
-- Only where a rulebook speaks of lists. Served by the unique index on (tenant_id, lead_id, list_id).
SELECT m.tenant_id, m.lead_id, m.list_id
FROM unnest(%s::text[], %s::bigint[]) AS wanted (tenant_id, lead_id)
JOIN campaigns_listmember AS m ON m.tenant_id = wanted.tenant_id AND m.lead_id = wanted.lead_id;

-- name: update_leads_changed
-- What changes often is not indexed (e-mail address, phone, names and owner are), so these are mostly heap-only updates
-- as long as the page has room.
UPDATE campaigns_lead AS l
SET email = w.email, first_name = w.first_name, last_name = w.last_name, phone = w.phone,
    owner_id = w.owner_id, stage = w.stage, score = w.score, fields = w.fields, updated_at = %s
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],
            %s::text[], %s::bigint[], %s::jsonb[])
    AS w (tenant_id, id, email, first_name, last_name, phone, owner_id, stage, score, fields)
WHERE l.tenant_id = w.tenant_id AND l.id = w.id;

-- name: update_leads_company
UPDATE campaigns_lead AS l SET company_id = c.id, updated_at = %s
FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS w (tenant_id, id, company)
LEFT JOIN campaigns_company AS c ON c.tenant_id = w.tenant_id AND c.name = w.company
WHERE l.tenant_id = w.tenant_id AND l.id = w.id;

-- name: update_leads_frozen
UPDATE campaigns_lead AS l SET frozen_until = w.frozen_until, updated_at = %s
FROM unnest(%s::text[], %s::bigint[], %s::timestamptz[]) AS w (tenant_id, id, frozen_until)
WHERE l.tenant_id = w.tenant_id AND l.id = w.id;

-- name: update_tags_changed
-- One row of JSON each: arrays of different lengths cannot be unnested side by side.
UPDATE campaigns_lead AS l
SET tags = ARRAY(SELECT jsonb_array_elements_text(w.tags)), updated_at = %s
FROM unnest(%s::text[], %s::bigint[], %s::jsonb[]) AS w (tenant_id, id, tags)
WHERE l.tenant_id = w.tenant_id AND l.id = w.id;

-- name: insert_tags_missing
INSERT INTO campaigns_tag (tenant_id, name)
SELECT w.tenant_id, w.name FROM unnest(%s::text[], %s::text[]) AS w (tenant_id, name)
ORDER BY w.tenant_id, w.name
ON CONFLICT (tenant_id, name) DO NOTHING;

-- name: insert_members
INSERT INTO campaigns_listmember (tenant_id, list_id, lead_id, added_at)
SELECT w.tenant_id, w.list_id, w.lead_id, %s
FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS w (tenant_id, list_id, lead_id)
ON CONFLICT DO NOTHING;

-- name: delete_members
DELETE FROM campaigns_listmember AS m
USING unnest(%s::text[], %s::bigint[], %s::bigint[]) AS w (tenant_id, list_id, lead_id)
WHERE m.tenant_id = w.tenant_id AND m.list_id = w.list_id AND m.lead_id = w.lead_id;

-- name: select_records
-- Only of kinds that a rulebook speaks of. Served by the primary key.
SELECT r.tenant_id, r.lead_id, r.kind, r.key, r.data::text
FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS wanted (tenant_id, lead_id, kind)
JOIN campaigns_record AS r
    ON r.tenant_id = wanted.tenant_id AND r.lead_id = wanted.lead_id AND r.kind = wanted.kind;

-- name: upsert_records
INSERT INTO campaigns_record (tenant_id, lead_id, kind, key, data, changed_at)
SELECT w.tenant_id, w.lead_id, w.kind, w.key, w.data, %s
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::jsonb[]) AS w (tenant_id, lead_id, kind, key, data)
ON CONFLICT (tenant_id, lead_id, kind, key) DO UPDATE SET data = excluded.data, changed_at = excluded.changed_at;

-- name: delete_records
DELETE FROM campaigns_record AS r
USING unnest(%s::text[], %s::bigint[], %s::text[], %s::text[]) AS w (tenant_id, lead_id, kind, key)
WHERE r.tenant_id = w.tenant_id AND r.lead_id = w.lead_id AND r.kind = w.kind AND r.key = w.key;

-- name: copy_activities
COPY campaigns_activity
    (tenant_id, lead_id, recorded_at, occurred_at, kind, campaign_id, version, step, event_key, data)
FROM STDIN;
