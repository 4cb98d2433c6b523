-- Leads that are deleted, restored, merged away; and what becomes of what they had. Every statement carries the tenant.

-- name: update_lives_changed
UPDATE campaigns_lead AS l
SET deleted_at = w.deleted_at, restorable_until = w.restorable_until, merged_into = w.merged_into, updated_at = %s
FROM unnest(%s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::bigint[])
    AS w (tenant_id, id, deleted_at, restorable_until, merged_into)
WHERE l.tenant_id = w.tenant_id AND l.id = w.id;

-- name: update_redirects
-- Those who were merged into a loser before: one step leads to the winner. Served by the index on merged_into.
UPDATE campaigns_lead AS l SET merged_into = w.winner
FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS w (tenant_id, loser, winner)
WHERE l.tenant_id = w.tenant_id AND l.merged_into = w.loser;

-- name: insert_members_of_winners
-- Of archived lists, too.
INSERT INTO campaigns_listmember (tenant_id, list_id, lead_id, added_at)
SELECT m.tenant_id, m.list_id, w.winner, min(m.added_at)
FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS w (tenant_id, loser, winner)
JOIN campaigns_listmember AS m ON m.tenant_id = w.tenant_id AND m.lead_id = w.loser
GROUP BY m.tenant_id, m.list_id, w.winner
ON CONFLICT DO NOTHING;

-- name: delete_members_of_losers
DELETE FROM campaigns_listmember AS m
USING unnest(%s::text[], %s::bigint[], %s::bigint[]) AS w (tenant_id, loser, winner)
WHERE m.tenant_id = w.tenant_id AND m.lead_id = w.loser;

-- name: insert_records_of_winners
-- Of the kinds that were not in memory, too.
INSERT INTO campaigns_record (tenant_id, lead_id, kind, key, data, changed_at)
SELECT DISTINCT ON (r.tenant_id, w.winner, r.kind, r.key) r.tenant_id, w.winner, r.kind, r.key, r.data, r.changed_at
FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS w (tenant_id, loser, winner)
JOIN campaigns_record AS r ON r.tenant_id = w.tenant_id AND r.lead_id = w.loser
ORDER BY r.tenant_id, w.winner, r.kind, r.key, r.changed_at
ON CONFLICT DO NOTHING;

-- name: delete_records_of_losers
DELETE FROM campaigns_record AS r
USING unnest(%s::text[], %s::bigint[], %s::bigint[]) AS w (tenant_id, loser, winner)
WHERE r.tenant_id = w.tenant_id AND r.lead_id = w.loser;

-- name: delete_runs_of_leads
DELETE FROM campaigns_parkedrun AS r
USING unnest(%s::text[], %s::bigint[]) AS w (tenant_id, id)
WHERE r.tenant_id = w.tenant_id AND r.lead_id = w.id;

-- name: lock_deletions
-- One at a time counts and deletes of a tenant. Taken last, so nobody waits for a row while holding it.
SELECT pg_advisory_xact_lock(hashtext('campaigns_deletions'), hashtext(t)) FROM unnest(%s::text[]) AS t ORDER BY t;

-- name: count_deletions
-- Since a moment. Served by the index on deleted_at.
SELECT l.tenant_id, count(*) FROM campaigns_lead AS l
WHERE l.tenant_id = ANY(%s) AND l.deleted_at >= %s GROUP BY l.tenant_id;

-- name: select_leads_to_purge
-- Those that cannot be restored any more, a day after a hard deletion. Served by the index on deleted_at.
-- What an erasure will see to, or a legal hold keeps, is left alone.
SELECT l.tenant_id, l.id FROM campaigns_lead AS l
WHERE l.deleted_at IS NOT NULL AND coalesce(l.restorable_until, l.deleted_at + interval '1 day') < now()
  AND NOT EXISTS (SELECT FROM campaigns_erasure AS e
                  WHERE e.tenant_id = l.tenant_id AND e.lead_id = l.id AND e.turn_at IS NOT NULL)
  AND campaigns_held(l.tenant_id, l.id) IS NULL
ORDER BY l.tenant_id, l.id LIMIT %s;

-- name: select_losers_of
SELECT l.tenant_id, l.id FROM campaigns_lead AS l
JOIN unnest(%s::text[], %s::bigint[]) AS w (tenant_id, id) ON l.tenant_id = w.tenant_id AND l.merged_into = w.id;

-- name: forget_activities
-- A function of the owner's: workers may not change history.
SELECT campaigns_forget_activities(%s, %s);

-- name: delete_leads
-- With their records, memberships and runs; not one that was restored meanwhile.
DELETE FROM campaigns_lead AS l
USING unnest(%s::text[], %s::bigint[]) AS w (tenant_id, id)
WHERE l.tenant_id = w.tenant_id AND l.id = w.id AND (l.deleted_at IS NOT NULL OR l.merged_into IS NOT NULL);
