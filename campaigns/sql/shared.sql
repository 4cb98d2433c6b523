-- Records that a tenant's leads have in common. A bundle locks those that it needs before its leads, all bundles in
-- the same order, and keeps them until the commit.

-- name: insert_companies_missing
-- In name order (no deadlocks). One that somebody else made meanwhile is not returned: it is locked next.
INSERT INTO campaigns_company (tenant_id, name)
SELECT w.tenant_id, w.name FROM unnest(%s::text[], %s::text[]) AS w (tenant_id, name)
ORDER BY w.tenant_id, w.name
ON CONFLICT (tenant_id, name) DO NOTHING
RETURNING tenant_id, name;

-- name: lock_companies
-- Served by the unique index on (tenant_id, name). NO KEY UPDATE lets leads that refer to one be written meanwhile.
SELECT c.tenant_id, c.name, c.fields::text, c.score
FROM unnest(%s::text[], %s::text[]) AS w (tenant_id, name)
JOIN campaigns_company AS c ON c.tenant_id = w.tenant_id AND c.name = w.name
ORDER BY c.tenant_id, c.name
FOR NO KEY UPDATE OF c;

-- name: update_companies
UPDATE campaigns_company AS c SET fields = w.fields, score = w.score
FROM unnest(%s::text[], %s::text[], %s::jsonb[], %s::bigint[]) AS w (tenant_id, name, fields, score)
WHERE c.tenant_id = w.tenant_id AND c.name = w.name;

-- name: insert_shared_missing
INSERT INTO campaigns_sharedrecord (tenant_id, kind, key, data)
SELECT w.tenant_id, w.kind, w.key, '{}' FROM unnest(%s::text[], %s::text[], %s::text[]) AS w (tenant_id, kind, key)
ORDER BY w.tenant_id, w.kind, w.key
ON CONFLICT (tenant_id, kind, key) DO NOTHING;

-- name: lock_shared
SELECT s.tenant_id, s.kind, s.key, s.data::text
FROM unnest(%s::text[], %s::text[], %s::text[]) AS w (tenant_id, kind, key)
JOIN campaigns_sharedrecord AS s ON s.tenant_id = w.tenant_id AND s.kind = w.kind AND s.key = w.key
ORDER BY s.tenant_id, s.kind, s.key
FOR NO KEY UPDATE OF s;

-- name: select_decided
-- Tests that have a winner.
SELECT s.tenant_id, s.kind, s.key, s.data::text
FROM unnest(%s::text[], %s::text[], %s::text[]) AS w (tenant_id, kind, key)
JOIN campaigns_sharedrecord AS s ON s.tenant_id = w.tenant_id AND s.kind = w.kind AND s.key = w.key
WHERE s.data ->> 'winner' IS NOT NULL;

-- name: count_loads
-- How many leads each owner of a pool has, where that was counted a minute ago or more, or an owner has come since: in
-- between those who deal leads out count on. Served by campaigns_lead_by_owner: the cost is that of the owners' leads.
SELECT w.tenant_id, w.key, jsonb_build_object('counted_at', clock_timestamp(), 'leads', p.leads)::text
FROM unnest(%s::text[], %s::text[]) AS w (tenant_id, key)
JOIN campaigns_sharedrecord AS s ON s.tenant_id = w.tenant_id AND s.kind = 'owner_load' AND s.key = w.key
JOIN campaigns_definition AS d ON d.tenant_id = w.tenant_id AND d.kind = 'pool' AND d.key = w.key
CROSS JOIN LATERAL (
    SELECT array_agg(o.email) AS emails, array_agg(o.id) AS ids
    FROM jsonb_array_elements(d.spec -> 'owners') AS one
    JOIN campaigns_owner AS o ON o.tenant_id = w.tenant_id AND o.email = one ->> 'email'
) AS m
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(n.email, n.leads), '{}') AS leads
    FROM (
        SELECT u.email, (SELECT count(*) FROM campaigns_lead AS l WHERE l.tenant_id = w.tenant_id AND l.owner_id = u.id
                         AND l.deleted_at IS NULL AND l.merged_into IS NULL) AS leads
        FROM unnest(m.emails, m.ids) AS u (email, id)
        WHERE s.data ->> 'counted_at' IS NULL OR NOT s.data -> 'leads' ?& m.emails
           OR (s.data ->> 'counted_at')::timestamptz < clock_timestamp() - interval '1 minute'
    ) AS n
) AS p
WHERE p.leads <> '{}';

-- name: update_shared
UPDATE campaigns_sharedrecord AS s SET data = w.data
FROM unnest(%s::text[], %s::text[], %s::text[], %s::jsonb[]) AS w (tenant_id, kind, key, data)
WHERE s.tenant_id = w.tenant_id AND s.kind = w.kind AND s.key = w.key;

-- name: lock_seats
-- One at a time moves leads with an address into a partition. Nothing is kept of it: the address is the leads' own.
SELECT pg_advisory_xact_lock(hashtext('campaigns_seat'), w.hash)
FROM (SELECT DISTINCT hashtext(w.tenant_id || ':' || w.seat) AS hash
      FROM unnest(%s::text[], %s::text[]) AS w (tenant_id, seat) ORDER BY hash) AS w;

-- name: select_seated
-- After the locks, in a statement of its own, so that it sees what was done under them. Served by
-- campaigns_lead_by_email and the primary key of campaigns_record.
SELECT w.tenant_id, w.seat, array_remove(array_agg(CASE WHEN r.key IS NOT NULL THEN l.key END ORDER BY l.id), NULL)
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS w (tenant_id, seat, partition, email)
LEFT JOIN campaigns_lead AS l ON l.tenant_id = w.tenant_id AND l.email IS NOT NULL
    AND hashtextextended(campaigns_fold(l.email), 0) = hashtextextended(w.email, 0) AND campaigns_fold(l.email) = w.email
    AND l.deleted_at IS NULL AND l.merged_into IS NULL
LEFT JOIN campaigns_record AS r ON r.tenant_id = l.tenant_id AND r.lead_id = l.id AND r.kind = 'partition'
    AND r.key = 'current' AND r.data ->> 'partition' = w.partition
GROUP BY w.tenant_id, w.seat;
