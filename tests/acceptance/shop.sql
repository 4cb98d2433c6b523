-- name: select_leads
SELECT l.tenant_id, l.key, l.fields, l.stage, l.score, l.tags,
       ARRAY(SELECT s.key FROM campaigns_listmember AS m
             JOIN campaigns_staticlist AS s ON s.tenant_id = m.tenant_id AND s.id = m.list_id
             WHERE m.tenant_id = l.tenant_id AND m.lead_id = l.id ORDER BY s.key)
FROM campaigns_lead AS l;

-- name: select_purchases
SELECT a.tenant_id, l.key, (a.occurred_at AT TIME ZONE 'UTC')::date, a.data -> 'data'
FROM campaigns_activity AS a
JOIN campaigns_lead AS l ON l.tenant_id = a.tenant_id AND l.id = a.lead_id
WHERE a.kind = 'purchase'
ORDER BY a.tenant_id, a.lead_id, a.id;

-- name: count_done
SELECT count(*) FROM engine_ledger;

-- name: count_activities
SELECT count(*) FROM campaigns_activity;

-- name: count_dead_letters
SELECT count(*) FROM engine_deadletter;
