-- What the demo asks and writes itself. Everything else goes the ways that clients and people go.

-- name: find_roles
-- Whether somebody else's roles are on this server: the demo must not change their passwords.
SELECT count(*) FROM pg_roles WHERE rolname = ANY (%s);

-- name: insert_leads
-- As the application's role, which may not COPY; one JSON text is quicker to send than twelve arrays.
INSERT INTO campaigns_lead
    (tenant_id, key, email, first_name, last_name, phone, company_id, owner_id, stage, score, tags, fields, created_at)
SELECT %s, w.key, w.email, w.first_name, w.last_name, w.phone, w.company_id, w.owner_id, w.stage, w.score,
       w.tags, w.fields, now() - make_interval(hours => w.age)
FROM json_to_recordset(%s::json)
    AS w (key text, email text, first_name text, last_name text, phone text, company_id bigint, owner_id bigint,
          stage text, score bigint, tags text[], fields jsonb, age integer);

-- name: insert_members
-- Every seventh lead is on the tenant's first list.
INSERT INTO campaigns_listmember (tenant_id, list_id, lead_id)
SELECT l.tenant_id, %s, l.id FROM campaigns_lead AS l WHERE l.tenant_id = %s AND l.id %% 7 = 0;

-- name: find_end_of_activities
-- The partition that is written now and its length in blocks, to read on from there.
SELECT pg_relation_size(to_regclass('campaigns_activity_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')))
       / current_setting('block_size')::bigint;

-- name: select_waits_recorded
-- From a block on, because there is no index by time: activities are only appended. Rows of an event from
-- outside have no campaign, and names with a dot are the engine's own events.
SELECT tenant_id, extract(epoch FROM recorded_at - occurred_at)::float8
FROM campaigns_activity
WHERE ctid >= %s::tid AND recorded_at >= date_trunc('month', now(), 'UTC')
  AND recorded_at >= %s AND recorded_at < %s
  AND campaign_id IS NULL AND position('.' IN kind) = 0;

-- name: count_dead_letters
SELECT tenant_id, count(*) FROM engine_deadletter WHERE id > %s AND ended IS NULL GROUP BY tenant_id;

-- name: select_dead_letters
SELECT tenant_id, event_id, error FROM engine_deadletter WHERE id > %s AND ended IS NULL ORDER BY id;

-- name: find_last_dead_letter
SELECT coalesce(max(id), 0) FROM engine_deadletter;

-- name: select_executions
-- Every event from outside that was executed since a time, in the order of execution, with the tenant and key of
-- the lead it was executed on.
SELECT a.tenant_id, l.tenant_id, l.key, a.event_key::text, a.kind,
       extract(epoch FROM a.recorded_at)::float8, extract(epoch FROM a.recorded_at - a.occurred_at)::float8
FROM campaigns_activity AS a
LEFT JOIN campaigns_lead AS l ON l.id = a.lead_id
WHERE a.recorded_at >= %s AND a.campaign_id IS NULL AND position('.' IN a.kind) = 0
ORDER BY a.id;

-- name: sum_counted
-- What the campaigns have counted on a tenant's leads.
SELECT tenant_id, coalesce(sum((fields ->> %s)::bigint), 0)::bigint
FROM campaigns_lead WHERE tenant_id = ANY (%s) GROUP BY tenant_id;
