-- Erasures: what stands in their way is read with the leads of a bundle, they are written with its effects and done by
-- maintenance; what was erased is not brought back by old events. Every statement carries the tenant.

-- name: select_obstacles
-- Only for tenants whose campaigns ask for erasures: the one that is open, and a legal hold.
SELECT w.tenant_id, w.id, e.mode, e.due_at, e.frozen_before, e.campaign_id, e.run, campaigns_held(w.tenant_id, w.id)
FROM unnest(%s::text[], %s::bigint[]) AS w (tenant_id, id)
LEFT JOIN campaigns_erasure AS e ON e.tenant_id = w.tenant_id AND e.lead_id = w.id AND e.turn_at IS NOT NULL;

-- name: raise_versions_of_first_erasures
-- From now on rulebooks of these tenants remember that leads may have been erased. Only before a tenant's first one.
UPDATE campaigns_tenant AS t SET rulebook_version = t.rulebook_version + 1
WHERE t.id = ANY(%s) AND NOT EXISTS (SELECT FROM campaigns_erasure AS e WHERE e.tenant_id = t.id);

-- name: upsert_erasures
INSERT INTO campaigns_erasure (
    tenant_id, lead_id, key_hash, mode, requested_at, due_at, turn_at, frozen_before, campaign_id, run)
SELECT w.tenant_id, w.id, campaigns_key_hash(w.tenant_id, w.key), w.mode, %s, w.due_at, w.due_at, w.frozen_before,
       w.campaign_id, w.run
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::bigint[],
            %s::text[]) AS w (tenant_id, id, key, mode, due_at, frozen_before, campaign_id, run)
ON CONFLICT (tenant_id, lead_id) WHERE turn_at IS NOT NULL
DO UPDATE SET mode = excluded.mode, due_at = excluded.due_at, turn_at = excluded.due_at;

-- name: cancel_deliveries_of_leads
-- Of those merged into them, too. What is being sent is not stopped.
UPDATE campaigns_delivery AS d
SET state = 'cancelled', ended_at = %s, error_type = 'erasure', error = 'the erasure of the lead was requested'
FROM unnest(%s::text[], %s::bigint[]) AS w (tenant_id, id)
JOIN campaigns_lead AS l ON l.tenant_id = w.tenant_id AND (l.id = w.id OR l.merged_into = w.id)
WHERE d.tenant_id = l.tenant_id AND d.lead_id = l.id AND d.state = 'waiting';

-- name: select_erased
-- Of these keys those that were erased, and when last. Served by the index on the hash.
SELECT w.tenant_id, w.key, max(e.done_at)
FROM unnest(%s::text[], %s::text[]) AS w (tenant_id, key)
JOIN campaigns_erasure AS e ON e.tenant_id = w.tenant_id AND e.key_hash = campaigns_key_hash(w.tenant_id, w.key)
WHERE e.done_at IS NOT NULL
GROUP BY w.tenant_id, w.key;

-- name: take_erasure
-- The one due longest, of the tenants that had none in this round. Served by the index on turn_at. By the clock of the
-- database, whatever another clock says: what is erased does not come back.
SELECT tenant_id, id FROM campaigns_erasure
WHERE turn_at <= now() AND tenant_id <> ALL(%(had)s::text[])
ORDER BY turn_at, id LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: enter_tenant
SELECT set_config('fairlane.tenant', %(tenant)s, true);

-- name: erase_lead
-- A function of the owner's: nobody else may change history.
SELECT campaigns_erase_lead(%(erasure)s);

-- name: postpone_erasure
UPDATE campaigns_erasure SET turn_at = now() + make_interval(secs => %(seconds)s), waits_for = %(why)s
WHERE tenant_id = %(tenant)s AND id = %(erasure)s AND turn_at IS NOT NULL;

-- name: cancel_erasures
-- By a person: of those that are not done, all that were asked for; their leads are frozen as long as they were before.
WITH cancelled AS (
    UPDATE campaigns_erasure AS e
    SET cancelled_at = %(now)s, cancelled_by = %(by)s, turn_at = NULL, waits_for = ''
    WHERE e.tenant_id = %(tenant)s AND e.id = ANY(%(ids)s::bigint[]) AND e.turn_at IS NOT NULL
    RETURNING e.tenant_id, e.lead_id, e.frozen_before
)
UPDATE campaigns_lead AS l SET frozen_until = c.frozen_before, updated_at = %(now)s
FROM cancelled AS c WHERE l.tenant_id = c.tenant_id AND l.id = c.lead_id;

-- name: lock_holds
-- From here to the end of the transaction nothing of the tenant is erased.
SELECT pg_advisory_xact_lock(hashtext('campaigns_legal_hold'), hashtext(%(tenant)s));

-- name: hasten_erasures
-- Those that waited for a hold that was lifted are looked at again.
UPDATE campaigns_erasure SET turn_at = now() WHERE tenant_id = %(tenant)s AND turn_at IS NOT NULL AND waits_for = 'held'
    AND due_at <= now();
