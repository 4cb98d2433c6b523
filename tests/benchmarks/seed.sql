-- Worlds for the benchmarks, made set-based by the worker role.

-- name: insert_tenants
INSERT INTO campaigns_tenant (id, name, timezone, currency, rulebook_version, created_at)
SELECT t, t, 'UTC', 'USD', 1, now() FROM unnest(%s::text[]) AS t;

-- name: insert_controls
INSERT INTO engine_tenantcontrol (tenant_id, lanes, weight, cap, database)
SELECT t, %s, 1, 0, 'default' FROM unnest(%s::text[]) AS t;

-- name: insert_fields
INSERT INTO campaigns_fielddefinition (tenant_id, key, label, type, options)
SELECT t, f.key, f.key, f.type, '[]'
FROM unnest(%s::text[]) AS t,
     (VALUES ('orders', 'integer'), ('total', 'decimal'), ('last_purchase', 'date')) AS f (key, type);

-- name: insert_event_types
INSERT INTO campaigns_eventtype (tenant_id, name, label, attributes, open)
SELECT t, e, initcap(e), '[{"name": "amount", "type": "decimal", "required": true}]', false
FROM unnest(%s::text[]) AS t, unnest(ARRAY['purchase', 'visit']) AS e;

-- name: insert_campaigns
-- Those beyond the first hear an event that nobody sends.
INSERT INTO campaigns_campaign (tenant_id, key, name, status, draft, live_version, position)
SELECT t, 'c' || n, 'Campaign ' || n, 'draft',
       CASE n WHEN 0 THEN d.first ELSE jsonb_set(d.first, '{triggers,0,event}', '"visit"') END, NULL, n
FROM (SELECT %s::jsonb AS first) AS d, unnest(%s::text[]) AS t, generate_series(0, %s::int - 1) AS n;

-- name: insert_versions
INSERT INTO campaigns_campaignversion (tenant_id, campaign_id, number, document, published_at, published_by)
SELECT tenant_id, id, 1, draft, now(), 'benchmark' FROM campaigns_campaign;

-- name: start_campaigns
UPDATE campaigns_campaign SET status = 'active', live_version = 1;

-- name: count_done
SELECT count(*) FROM engine_ledger;

-- name: count_activities
SELECT count(*) FROM campaigns_activity;

-- name: measure_server
-- Bytes of write-ahead log written so far, bytes of the database.
SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint, pg_database_size(current_database());
