-- Batches, tended by `manage.py maintain`: a turn finds some members, tells some, or removes some.

-- name: take_batch
-- Of the tenants that had no turn in this round the one whose batch is due longest, and of its batches that are due the
-- one that waits longest, as if those of high priority had waited a while longer, those of low as much less; with its
-- campaign and how that is doing. Served by the indexes on due_at, which hold no batch that is over.
WITH next AS (
    SELECT b.tenant_id FROM campaigns_batch AS b
    WHERE b.due_at <= %(now)s AND b.tenant_id <> ALL(%(had)s::text[])
    ORDER BY b.due_at, b.id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
)
SELECT b.id, b.tenant_id, b.campaign_id, c.key, b.version, b.state, b.as_of, b.upto, b.cursor,
       c.status = 'active', coalesce(c.emptied_at > b.started_at, false), v.document,
       c.priority = 'high'
FROM next
JOIN campaigns_batch AS b ON b.tenant_id = next.tenant_id
JOIN campaigns_campaign AS c ON c.tenant_id = b.tenant_id AND c.id = b.campaign_id
JOIN campaigns_campaignversion AS v
    ON v.tenant_id = b.tenant_id AND v.campaign_id = b.campaign_id AND v.number = b.version
WHERE b.due_at <= %(now)s
ORDER BY b.turned_at + %(head_start)s * CASE c.priority WHEN 'high' THEN -1 WHEN 'low' THEN 1 ELSE 0 END, b.id
LIMIT 1
FOR NO KEY UPDATE OF b SKIP LOCKED;

-- name: begin_batch
-- From now on no lead that is created comes in.
UPDATE campaigns_batch AS b
SET as_of = %(now)s,
    upto = (SELECT coalesce(max(l.id), 0) FROM campaigns_lead AS l WHERE l.tenant_id = b.tenant_id)
WHERE b.tenant_id = %(tenant)s AND b.id = %(batch)s AND b.as_of IS NULL;

-- name: select_end_of_page
-- The last of so many leads. Served by the unique index on (tenant_id, id).
SELECT max(page.id) FROM (
    SELECT l.id FROM campaigns_lead AS l
    WHERE l.tenant_id = %(tenant)s AND l.id > %(cursor)s AND l.id <= %(upto)s
    ORDER BY l.id LIMIT %(limit)s
) AS page;

-- name: insert_members
INSERT INTO campaigns_batchmember (tenant_id, batch_id, lead_id)
SELECT %(tenant)s, %(batch)s, w.id FROM unnest(%(leads)s::bigint[]) AS w (id);

-- name: advance_batch
UPDATE campaigns_batch SET cursor = %(cursor)s, total = total + %(found)s, due_at = %(now)s, turned_at = %(now)s
WHERE tenant_id = %(tenant)s AND id = %(batch)s AND state = 'counting';

-- name: finish_counting
UPDATE campaigns_batch SET state = 'sending', due_at = %(now)s
WHERE tenant_id = %(tenant)s AND id = %(batch)s AND state = 'counting';

-- name: select_members
-- Some who are still to be told; without a key those whose lead was deleted or merged since. Served by the primary key.
SELECT m.lead_id, l.key
FROM (
    SELECT tenant_id, lead_id FROM campaigns_batchmember
    WHERE tenant_id = %(tenant)s AND batch_id = %(batch)s
    ORDER BY lead_id LIMIT %(limit)s
) AS m
LEFT JOIN campaigns_lead AS l
    ON l.tenant_id = m.tenant_id AND l.id = m.lead_id AND l.deleted_at IS NULL AND l.merged_into IS NULL
ORDER BY m.lead_id;

-- name: delete_members
DELETE FROM campaigns_batchmember
WHERE tenant_id = %(tenant)s AND batch_id = %(batch)s AND lead_id = ANY(%(leads)s::bigint[]);

-- name: note_sent
UPDATE campaigns_batch SET sent = sent + %(sent)s, due_at = %(next)s, turned_at = %(now)s
WHERE tenant_id = %(tenant)s AND id = %(batch)s AND state = 'sending';

-- name: finish_batch
UPDATE campaigns_batch SET state = 'done', due_at = NULL, ended_at = %(now)s
WHERE tenant_id = %(tenant)s AND id = %(batch)s AND state = 'sending';

-- name: cancel_batch
UPDATE campaigns_batch SET state = 'cancelled', note = %(note)s, ended_at = %(now)s, due_at = %(now)s
WHERE tenant_id = %(tenant)s AND id = %(batch)s AND state IN ('counting', 'sending');

-- name: postpone_batch
UPDATE campaigns_batch SET due_at = %(next)s WHERE tenant_id = %(tenant)s AND id = %(batch)s;

-- name: postpone_sending
-- All of a tenant that would tell their members now: else one that is due a moment later would not be asked when there
-- is room again, whatever its priority. What another maintenance holds is passed over.
UPDATE campaigns_batch SET due_at = %(next)s WHERE tenant_id = %(tenant)s AND id IN (
    SELECT b.id FROM campaigns_batch AS b
    WHERE b.tenant_id = %(tenant)s AND b.due_at <= %(next)s AND b.state = 'sending' FOR NO KEY UPDATE SKIP LOCKED);

-- name: remove_members
-- Some members of a batch that was cancelled.
DELETE FROM campaigns_batchmember
WHERE tenant_id = %(tenant)s AND batch_id = %(batch)s AND lead_id IN (
    SELECT lead_id FROM campaigns_batchmember
    WHERE tenant_id = %(tenant)s AND batch_id = %(batch)s ORDER BY lead_id LIMIT %(limit)s);

-- name: retire_batch
-- Nothing is left of it to do.
UPDATE campaigns_batch SET due_at = NULL WHERE tenant_id = %(tenant)s AND id = %(batch)s AND state = 'cancelled';

-- name: take_schedule
-- The running campaign whose next batch is due longest. Served by the index on next_batch_at.
SELECT c.tenant_id, c.id, c.live_version, c.next_batch_at, v.document, t.timezone
FROM campaigns_campaign AS c
JOIN campaigns_tenant AS t ON t.id = c.tenant_id
JOIN campaigns_campaignversion AS v
    ON v.tenant_id = c.tenant_id AND v.campaign_id = c.id AND v.number = c.live_version
WHERE c.next_batch_at <= %(now)s AND c.status = 'active'
ORDER BY c.next_batch_at
LIMIT 1
FOR NO KEY UPDATE OF c SKIP LOCKED;

-- name: insert_batches
INSERT INTO campaigns_batch (tenant_id, campaign_id, version, started_by, planned_for, started_at, due_at)
SELECT %(tenant)s, %(campaign)s, %(version)s, 'the schedule', w.planned_for, %(now)s, %(now)s
FROM unnest(%(times)s::timestamptz[]) AS w (planned_for) ORDER BY w.planned_for;

-- name: plan_batch
UPDATE campaigns_campaign SET next_batch_at = %(next)s
WHERE tenant_id = %(tenant)s AND id = %(campaign)s AND next_batch_at = %(planned)s;

-- name: delete_batches_over
-- Some that ended so long ago and have nobody left to remove; never the last one of a campaign, of which explain tells.
-- Served by the index on the end.
DELETE FROM campaigns_batch WHERE (tenant_id, id) IN (
    SELECT b.tenant_id, b.id FROM campaigns_batch AS b
    WHERE b.ended_at < now() - make_interval(days => %(days)s) AND b.due_at IS NULL AND EXISTS (
        SELECT FROM campaigns_batch AS later
        WHERE later.tenant_id = b.tenant_id AND later.campaign_id = b.campaign_id AND later.id > b.id)
    ORDER BY b.ended_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
);
