-- One action of stock Celery; and the same rows as ours, set-based, with no queue.

-- name: insert_ledger_row
INSERT INTO engine_ledger (tenant_id, event_key, day) VALUES (%s, %s, current_date)
ON CONFLICT DO NOTHING RETURNING event_key;

-- name: insert_lead_missing
INSERT INTO campaigns_lead (tenant_id, key) VALUES (%s, %s) ON CONFLICT DO NOTHING;

-- name: lock_lead
SELECT id, fields, score FROM campaigns_lead WHERE tenant_id = %s AND key = %s FOR UPDATE;

-- name: update_count
UPDATE campaigns_lead SET fields = jsonb_set(fields, '{orders}',
    to_jsonb(coalesce((fields->>'orders')::int, 0) + (%s::text IS NOT NULL)::int)) WHERE id = %s;

-- name: update_sum
UPDATE campaigns_lead SET fields = jsonb_set(fields, '{total}',
    to_jsonb((coalesce((fields->>'total')::numeric, 0) + %s::numeric)::text)) WHERE id = %s;

-- name: update_score
UPDATE campaigns_lead SET score = score + (%s::text IS NOT NULL)::int WHERE id = %s;

-- name: insert_activity
INSERT INTO campaigns_activity
    (tenant_id, lead_id, recorded_at, occurred_at, kind, campaign_id, version, step, event_key, data)
VALUES (%s, %s, now(), now(), 'change_data_value', 1, 1, %s, %s,
        jsonb_build_object('field', 'total', 'old', '0', 'new', %s::text));

-- name: claim_ledger_rows
INSERT INTO engine_ledger (tenant_id, event_key, day)
SELECT tenant_id, event_key, current_date FROM unnest(%s::text[], %s::uuid[]) AS e (tenant_id, event_key)
ORDER BY 1, 2 ON CONFLICT DO NOTHING;

-- name: lock_leads
SELECT l.tenant_id, l.key, l.id, l.score, l.fields::text
FROM unnest(%s::text[], %s::text[]) AS w (tenant_id, key)
JOIN campaigns_lead AS l USING (tenant_id, key) ORDER BY l.id FOR NO KEY UPDATE OF l;

-- name: insert_leads
INSERT INTO campaigns_lead (tenant_id, key)
SELECT tenant_id, key FROM unnest(%s::text[], %s::text[]) AS w (tenant_id, key)
ORDER BY 1, 2 ON CONFLICT DO NOTHING;

-- name: update_leads
UPDATE campaigns_lead AS l SET score = w.score, fields = w.fields, updated_at = now()
FROM unnest(%s::bigint[], %s::bigint[], %s::jsonb[]) AS w (id, score, fields) WHERE l.id = w.id;

-- name: copy_activities
COPY campaigns_activity
    (tenant_id, lead_id, recorded_at, occurred_at, kind, campaign_id, version, step, event_key, data)
FROM STDIN;
