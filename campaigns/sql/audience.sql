-- The leads of a tenant that a filter matches. {} stands for its condition over `l` (campaigns/language/treesql.py).

-- name: select_audience_page
-- In the order of ids, from where the last page ended. Served by the unique index on (tenant_id, id).
SELECT l.id FROM campaigns_lead AS l
WHERE l.tenant_id = {} AND l.id > {} AND l.deleted_at IS NULL AND l.merged_into IS NULL AND {}
ORDER BY l.id
LIMIT {};

-- name: select_audience_between
-- Bounded by the leads looked at, however few match. Served as above.
SELECT l.id FROM campaigns_lead AS l
WHERE l.tenant_id = {} AND l.id > {} AND l.id <= {} AND l.deleted_at IS NULL AND l.merged_into IS NULL AND {}
ORDER BY l.id;

-- name: count_audience
SELECT count(*) FROM campaigns_lead AS l WHERE l.tenant_id = {} AND l.deleted_at IS NULL AND l.merged_into IS NULL AND {};

-- name: select_leads_by_id
-- Columns as in lock_leads_by_key of leads.sql; no lock: who acts on a lead reads it again. Served by the unique index
-- on (tenant_id, id).
SELECT l.tenant_id, l.key, l.id, l.email, l.first_name, l.last_name, l.phone, c.name, l.owner_id, l.stage,
       l.score, l.tags, l.fields::text, l.frozen_until, l.deleted_at, l.restorable_until, l.merged_into
FROM campaigns_lead AS l
LEFT JOIN campaigns_company AS c ON c.tenant_id = l.tenant_id AND c.id = l.company_id
WHERE l.tenant_id = {} AND l.id = ANY({}::bigint[])
ORDER BY l.id;
