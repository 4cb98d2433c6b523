-- What leads did: one question about some leads of a tenant each; those of a bundle are united into one statement.
-- The first {} numbers the question, others stand for its conditions over an activity `a`. All are served by the index
-- on (tenant_id, lead_id, id) of each month.

-- name: count_activities
SELECT {}::integer AS place, a.lead_id, NULL::text AS run, count(*), min(a.occurred_at), max(a.occurred_at),
       {}, NULL::timestamptz[], NULL::timestamptz[]
FROM unnest({}::bigint[]) AS w (lead_id)
JOIN campaigns_activity AS a ON a.tenant_id = {} AND a.lead_id = w.lead_id
WHERE {}
GROUP BY a.lead_id;

-- name: count_activities_of_runs
-- Since a run was entered: after the event that it was entered for, and all that its steps did.
SELECT {}::integer AS place, a.lead_id, w.run, count(*), min(a.occurred_at), max(a.occurred_at),
       {}, NULL::timestamptz[], NULL::timestamptz[]
FROM unnest({}::bigint[], {}::text[], {}::timestamptz[], {}::uuid[]) AS w (lead_id, run, since, event_key)
JOIN campaigns_activity AS a ON a.tenant_id = {} AND a.lead_id = w.lead_id AND a.occurred_at >= w.since
    AND (a.step IS NOT NULL OR a.event_key <> w.event_key)
WHERE {}
GROUP BY a.lead_id, w.run;

-- name: select_sequels
-- Whether one thing followed another, and when both happened last.
SELECT {}::integer AS place, l.id, NULL::text AS run, 0::bigint, NULL::timestamptz, NULL::timestamptz, {},
       ARRAY(SELECT a.occurred_at FROM campaigns_activity AS a
             WHERE a.tenant_id = l.tenant_id AND a.lead_id = l.id AND {} ORDER BY a.occurred_at DESC LIMIT {}),
       ARRAY(SELECT a.occurred_at FROM campaigns_activity AS a
             WHERE a.tenant_id = l.tenant_id AND a.lead_id = l.id AND {} ORDER BY a.occurred_at DESC LIMIT {})
FROM (SELECT w.id, {}::text AS tenant_id FROM unnest({}::bigint[]) AS w (id)) AS l;

-- name: select_looks
-- What is looked up of leads as they are stored.
SELECT {}::integer AS place, l.id, NULL::text AS run, 0::bigint, NULL::timestamptz, NULL::timestamptz, {},
       NULL::timestamptz[], NULL::timestamptz[]
FROM (SELECT w.id, {}::text AS tenant_id FROM unnest({}::bigint[]) AS w (id)) AS l;

-- name: select_companies
-- As text in the column of runs. Served by the unique indexes on (tenant_id, id).
SELECT {}::integer AS place, l.id, jsonb_build_object('name', c.name, 'fields', c.fields, 'score', c.score)::text AS run,
       0::bigint, NULL::timestamptz, NULL::timestamptz, FALSE, NULL::timestamptz[], NULL::timestamptz[]
FROM campaigns_lead AS l
JOIN campaigns_company AS c ON c.tenant_id = l.tenant_id AND c.id = l.company_id
WHERE l.tenant_id = {} AND l.id = ANY({}::bigint[]);

-- name: select_times
-- When leads were made and changed last, in the columns of first and last. Served by the unique index on (tenant_id, id).
SELECT {}::integer AS place, l.id, NULL::text AS run, 0::bigint, l.created_at, l.updated_at, FALSE,
       NULL::timestamptz[], NULL::timestamptz[]
FROM campaigns_lead AS l
WHERE l.tenant_id = {} AND l.id = ANY({}::bigint[]);
