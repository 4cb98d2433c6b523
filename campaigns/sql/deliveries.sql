-- Deliveries: written by workers with the effects, claimed by senders as the worker role, settled within a tenant.

-- name: insert_deliveries
-- A key that is there already was written by the same execution of the same event.
INSERT INTO campaigns_delivery (
    tenant_id, lead_id, key, channel, destination, definition, campaign_id, version, step, event_key, depth, priority, body,
    due_at, created_at)
SELECT w.*, %s, %s
FROM unnest(
    %s::text[], %s::bigint[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::int[], %s::text[],
    %s::uuid[], %s::smallint[], %s::smallint[], %s::jsonb[]
) AS w
ON CONFLICT (tenant_id, key) DO NOTHING;

-- name: select_lines
-- Tenants, destinations and priorities with something that has not ended, after the destination given, in order, and
-- whether it is due. Jumps from one to the next, however much each has: served by the partial index on what has not ended.
WITH RECURSIVE line AS (
    (SELECT d.tenant_id, d.destination, d.priority, d.due_at FROM campaigns_delivery AS d
     WHERE d.ended_at IS NULL AND (d.tenant_id, d.destination, d.priority) > (%(tenant)s, %(destination)s, 32767)
     ORDER BY d.tenant_id, d.destination, d.priority, d.due_at LIMIT 1)
    UNION ALL
    SELECT next.* FROM line CROSS JOIN LATERAL (
        SELECT d.tenant_id, d.destination, d.priority, d.due_at FROM campaigns_delivery AS d
        WHERE d.ended_at IS NULL AND (d.tenant_id, d.destination, d.priority) > (line.tenant_id, line.destination, line.priority)
        ORDER BY d.tenant_id, d.destination, d.priority, d.due_at LIMIT 1
    ) AS next
)
SELECT tenant_id, destination, due_at <= now() FROM line LIMIT %(limit)s;

-- name: claim_deliveries
-- At most so many of each tenant and destination, the one that waits longest first, as if each class of priority had waited
-- a day longer than the one below it; what another sender holds is passed over. Locks as many of each class. A claim that
-- ran out belongs to a sender that died: it may have sent. Served by the index on what is due.
WITH wanted AS (
    SELECT * FROM unnest(%(tenants)s::text[], %(destinations)s::text[], %(counts)s::int[])
        AS w (tenant_id, destination, most)
), due AS MATERIALIZED (
    SELECT found.tenant_id, found.id FROM wanted CROSS JOIN LATERAL (
        SELECT of_class.* FROM generate_series(0, 2) AS class (place) CROSS JOIN LATERAL (
            SELECT d.tenant_id, d.id, d.due_at, d.priority FROM campaigns_delivery AS d
            WHERE d.tenant_id = wanted.tenant_id AND d.destination = wanted.destination AND d.priority = class.place
              AND d.ended_at IS NULL AND d.due_at <= now()
            ORDER BY d.due_at LIMIT wanted.most FOR UPDATE SKIP LOCKED
        ) AS of_class
        ORDER BY of_class.due_at + of_class.priority * interval '1 day' LIMIT wanted.most
    ) AS found
)
UPDATE campaigns_delivery AS d
SET state = 'sending', attempts = d.attempts + 1, sending_since = now(), due_at = now() + make_interval(secs => %(hold)s)
FROM due, campaigns_lead AS l
WHERE d.tenant_id = due.tenant_id AND d.id = due.id AND l.tenant_id = d.tenant_id AND l.id = d.lead_id
RETURNING d.tenant_id, d.id, d.key::text, d.lead_id, l.key, d.channel, d.destination, d.definition, d.attempts,
    d.attempts_before, d.depth, d.created_at, d.body::text;

-- name: select_standing
-- How leads stand whom something is about to be sent to; of one that was merged away, how its winner does.
SELECT l.tenant_id, l.id, a.id, a.key, a.frozen_until, a.deleted_at
FROM unnest(%s::text[], %s::bigint[]) AS w (tenant_id, id)
JOIN campaigns_lead AS l ON l.tenant_id = w.tenant_id AND l.id = w.id
JOIN campaigns_lead AS a ON a.tenant_id = l.tenant_id AND a.id = coalesce(l.merged_into, l.id);

-- name: settle_deliveries
-- Of one tenant, each only if it is still the claim that was sent. Returns those that were. What was held was not tried.
UPDATE campaigns_delivery AS d
SET state = w.state, due_at = CASE WHEN w.state = 'waiting' THEN now() + make_interval(secs => w.wait) ELSE d.due_at END,
    sending_since = NULL, ended_at = CASE WHEN w.state <> 'waiting' THEN now() END,
    error_type = w.error_type, error = w.error, answer = w.answer, attempts_before = d.attempts_before + w.untried
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::float8[], %s::text[], %s::text[], %s::jsonb[], %s::int[])
    AS w (id, attempts, state, wait, error_type, error, answer, untried)
WHERE d.tenant_id = %s AND d.id = w.id AND d.attempts = w.attempts AND d.state = 'sending'
RETURNING d.id;

-- name: delete_deliveries_over
-- Some of what ended so long ago. Served by the index on the end.
DELETE FROM campaigns_delivery WHERE (tenant_id, id) IN (
    SELECT d.tenant_id, d.id FROM campaigns_delivery AS d
    WHERE d.state = ANY(%s) AND d.ended_at < now() - make_interval(days => %s) ORDER BY d.ended_at LIMIT %s FOR UPDATE SKIP LOCKED
);

-- name: retry_deliveries
-- By a person: of those that failed, all that were asked for. The tries begin anew.
UPDATE campaigns_delivery AS d
SET state = 'waiting', ended_at = NULL, due_at = now(), attempts_before = d.attempts
WHERE d.tenant_id = %s AND d.id = ANY(%s::bigint[]) AND d.state = 'failed';

-- name: cancel_deliveries
-- By a person: of those that wait, all that were asked for; what is being sent is not stopped.
UPDATE campaigns_delivery AS d SET state = 'cancelled', ended_at = now(), error_type = 'person', error = %s
FROM campaigns_lead AS l
WHERE d.tenant_id = %s AND d.id = ANY(%s::bigint[]) AND d.state = 'waiting'
  AND l.tenant_id = d.tenant_id AND l.id = d.lead_id
RETURNING d.tenant_id, d.id, d.key::text, d.lead_id, l.key, d.channel, d.destination, d.definition, d.attempts,
    d.attempts_before, d.depth, d.created_at, d.body::text;
