-- What campaigns ask about leads: one question about some leads of a tenant each, and for each of these a JSON value
-- that answers it. campaigns/history.py unites those of a bundle into one statement. {} stands for the leads and for
-- conditions, over an activity `a` or a lead `l`.

-- name: tally_activities
-- How often, when first and last, and whether the last one is as it is asked to be. Each lead's own rows are looked up,
-- as in all queries of activities by the index on (tenant_id, lead_id, id) of each month: joined at large, a small
-- tenant's whole history would be compared with every lead.
SELECT w.lead_id, tally.answer
FROM unnest({}::bigint[]) AS w (lead_id)
CROSS JOIN LATERAL (
    SELECT json_build_object(
               'count', count(*), 'first', min(a.occurred_at), 'last', max(a.occurred_at), 'last_is', {}) AS answer
    FROM campaigns_activity AS a
    WHERE a.tenant_id = {} AND a.lead_id = w.lead_id AND {}
    HAVING count(*) > 0) AS tally;

-- name: tally_activities_of_runs
-- The same since a run was entered: after the event that it was entered for, and all that its steps did.
SELECT w.lead_id, json_build_object('run', w.run, 'tally', tally.answer) AS answer
FROM unnest({}::bigint[], {}::text[], {}::timestamptz[], {}::uuid[]) AS w (lead_id, run, since, event_key)
CROSS JOIN LATERAL (
    SELECT json_build_object(
               'count', count(*), 'first', min(a.occurred_at), 'last', max(a.occurred_at), 'last_is', {}) AS answer
    FROM campaigns_activity AS a
    WHERE a.tenant_id = {} AND a.lead_id = w.lead_id AND a.occurred_at >= w.since
        AND (a.step IS NOT NULL OR a.event_key <> w.event_key) AND {}
    HAVING count(*) > 0) AS tally;

-- name: count_activities
SELECT w.lead_id, to_json(counted.activities) AS answer
FROM unnest({}::bigint[]) AS w (lead_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS activities FROM campaigns_activity AS a
    WHERE a.tenant_id = {} AND a.lead_id = w.lead_id AND {}) AS counted;

-- name: select_sequels
-- Whether one thing followed another, and when both happened last.
SELECT l.id AS lead_id, json_build_object(
           'found', {},
           'firsts', ARRAY(SELECT a.occurred_at FROM campaigns_activity AS a
                           WHERE a.tenant_id = l.tenant_id AND a.lead_id = l.id AND {}
                           ORDER BY a.occurred_at DESC LIMIT {}),
           'thens', ARRAY(SELECT a.occurred_at FROM campaigns_activity AS a
                          WHERE a.tenant_id = l.tenant_id AND a.lead_id = l.id AND {}
                          ORDER BY a.occurred_at DESC LIMIT {})) AS answer
FROM (SELECT w.id, {}::text AS tenant_id FROM unnest({}::bigint[]) AS w (id)) AS l;

-- name: select_looks
-- What is looked up of leads as they are stored.
SELECT l.id AS lead_id, to_json({}) AS answer
FROM (SELECT w.id, {}::text AS tenant_id FROM unnest({}::bigint[]) AS w (id)) AS l;

-- name: select_companies
-- Served, as the next one, by the unique indexes on (tenant_id, id).
SELECT l.id AS lead_id, json_build_object('name', c.name, 'fields', c.fields, 'score', c.score) AS answer
FROM campaigns_lead AS l
JOIN campaigns_company AS c ON c.tenant_id = l.tenant_id AND c.id = l.company_id
WHERE l.tenant_id = {} AND l.id = ANY({}::bigint[]);

-- name: select_times
-- When leads were made and changed last.
SELECT l.id AS lead_id, json_build_object('created_at', l.created_at, 'updated_at', l.updated_at) AS answer
FROM campaigns_lead AS l
WHERE l.tenant_id = {} AND l.id = ANY({}::bigint[]);
