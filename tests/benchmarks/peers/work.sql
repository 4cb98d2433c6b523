-- One event of three actions in one transaction: the rows of stock.sql with no statement repeated.

-- name: claim_event
INSERT INTO engine_ledger (tenant_id, event_key, day) VALUES (%s, %s, current_date)
ON CONFLICT DO NOTHING RETURNING event_key;

-- name: insert_lead_missing
INSERT INTO campaigns_lead (tenant_id, key) VALUES (%s, %s) ON CONFLICT DO NOTHING;

-- name: lock_lead
SELECT id, fields, score FROM campaigns_lead WHERE tenant_id = %s AND key = %s FOR UPDATE;

-- name: update_lead
UPDATE campaigns_lead SET score = score + 1, fields = fields || jsonb_build_object(
    'orders', coalesce((fields->>'orders')::int, 0) + 1,
    'total', (coalesce((fields->>'total')::numeric, 0) + %s::numeric)::text)
WHERE tenant_id = %s AND key = %s;

-- name: insert_activities
INSERT INTO campaigns_activity
    (tenant_id, lead_id, recorded_at, occurred_at, kind, campaign_id, version, step, event_key, data)
SELECT l.tenant_id, l.id, now(), now(), 'change_data_value', 1, 1, step, %s,
       jsonb_build_object('field', 'total', 'old', '0', 'new', %s::text)
FROM campaigns_lead AS l, unnest(ARRAY['count', 'sum', 'score']) AS step
WHERE l.tenant_id = %s AND l.key = %s;
