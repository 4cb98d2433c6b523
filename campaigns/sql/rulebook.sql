-- Everything that campaigns are compiled from. One statement per question, whatever the number of tenants.

-- name: select_rulebook_versions
-- Served by the primary key.
SELECT id, rulebook_version FROM campaigns_tenant WHERE id = ANY(%s);

-- name: select_rulebook_sources
-- One statement and so one snapshot: a campaign never meets fields older than itself. JSON is built here so that
-- each tenant is one row; rows within it are arrays, in the order of the Structs that read them (schema_source.py): names
-- for each value took a sixth of the time. Served by the primary key of the tenant and the tenant-first key of each table.
SELECT t.id, t.rulebook_version, json_build_object(
    'timezone', t.timezone,
    'currency', t.currency,
    'week_start', t.week_start,
    'fields', (
        SELECT coalesce(json_agg(
            json_build_array(f.key, f.label, f.type, f.options, f.option_labels) ORDER BY f.key), '[]')
        FROM campaigns_fielddefinition AS f WHERE f.tenant_id = t.id),
    'event_types', (
        SELECT coalesce(json_agg(
            json_build_array(e.name, e.label, e.attributes, e.open) ORDER BY e.name), '[]')
        FROM campaigns_eventtype AS e WHERE e.tenant_id = t.id),
    'stages', (
        SELECT coalesce(json_agg(s.key ORDER BY s.position, s.id), '[]')
        FROM campaigns_stage AS s WHERE s.tenant_id = t.id),
    'tags', (
        SELECT coalesce(json_agg(g.name), '[]') FROM campaigns_tag AS g WHERE g.tenant_id = t.id),
    'lists', (
        SELECT coalesce(json_object_agg(l.key, l.id), '{}')
        FROM campaigns_staticlist AS l WHERE l.tenant_id = t.id AND NOT l.archived),
    'owners', (
        SELECT coalesce(json_object_agg(o.email, json_build_array(o.id, o.active)), '{}')
        FROM campaigns_owner AS o WHERE o.tenant_id = t.id),
    'definitions', (
        SELECT coalesce(json_agg(json_build_array(d.kind, d.key, d.name, d.spec, d.archived)), '[]')
        FROM campaigns_definition AS d WHERE d.tenant_id = t.id),
    'erased', EXISTS (SELECT FROM campaigns_erasure AS x WHERE x.tenant_id = t.id),
    'campaigns', (
        SELECT coalesce(json_agg(json_build_array(
            c.id, c.key, c.name, c.status, c.position, c.priority, v.number, v.document, c.pause_mode,
            c.emptied_at,
            CASE WHEN c.live_version > 1 THEN (
                SELECT json_object_agg(o.number, o.document) FROM campaigns_campaignversion AS o
                WHERE o.tenant_id = c.tenant_id AND o.campaign_id = c.id AND o.number <> c.live_version
                AND EXISTS (
                    SELECT FROM campaigns_parkedrun AS r
                    WHERE r.tenant_id = o.tenant_id AND r.campaign_id = o.campaign_id AND r.version = o.number)
            ) END) ORDER BY c.position, c.id), '[]')
        FROM campaigns_campaign AS c
        LEFT JOIN campaigns_campaignversion AS v
            ON v.tenant_id = c.tenant_id AND v.campaign_id = c.id AND v.number = c.live_version
            AND c.status IN ('active', 'paused')
        WHERE c.tenant_id = t.id)
)::text
FROM campaigns_tenant AS t
WHERE t.id = ANY(%s);

-- name: has_urgent_campaigns
-- Whether anything that happens in the tenant may be urgent.
SELECT EXISTS (
    SELECT FROM campaigns_campaign AS c WHERE c.tenant_id = %s AND c.priority = 'high' AND c.status = 'active');
