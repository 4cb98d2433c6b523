-- Buckets of slots: one row for each key that a tenant's campaigns throttle by.

-- name: lock_buckets
-- Makes those that are missing. The rows are locked in the order of the arrays, the same for everybody.
INSERT INTO campaigns_slotbucket (tenant_id, key, next_at)
SELECT w.tenant_id, w.key, to_timestamp(0)
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS w (tenant_id, key, place)
ORDER BY w.place
ON CONFLICT (tenant_id, key) DO UPDATE SET next_at = campaigns_slotbucket.next_at
RETURNING tenant_id, key, next_at;

-- name: update_buckets
UPDATE campaigns_slotbucket AS b SET next_at = w.next_at
FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS w (tenant_id, key, next_at)
WHERE b.tenant_id = w.tenant_id AND b.key = w.key;

-- name: forget_buckets
-- Those that have been full for a day are as if they had never been taken from.
DELETE FROM campaigns_slotbucket
WHERE (tenant_id, key) IN (
    SELECT b.tenant_id, b.key FROM campaigns_slotbucket AS b
    WHERE b.next_at < now() - interval '2 days'
    LIMIT 10000
    FOR UPDATE SKIP LOCKED
);
