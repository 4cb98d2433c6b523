-- name: select_letters_alive
-- Served by the index on tenant and id.
SELECT id, created_at, event_type, event_id, lead, lane, attempts, error, payload FROM engine_deadletter
WHERE tenant_id = %(tenant)s AND ended IS NULL AND id > %(after)s
  AND (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s))
  AND (%(type)s::text IS NULL OR event_type = %(type)s)
  AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
ORDER BY id LIMIT %(limit)s;

-- name: lock_letters_alive
-- Who retries the same at the same time waits here, and then finds them ended.
SELECT id, payload FROM engine_deadletter
WHERE tenant_id = %(tenant)s AND ended IS NULL AND id > %(after)s
  AND (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s))
  AND (%(type)s::text IS NULL OR event_type = %(type)s)
  AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
ORDER BY id LIMIT %(limit)s FOR UPDATE;

-- name: count_letters_alive
SELECT count(*) FROM engine_deadletter
WHERE tenant_id = %(tenant)s AND ended IS NULL
  AND (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s))
  AND (%(type)s::text IS NULL OR event_type = %(type)s)
  AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s);

-- name: release_letters
SELECT engine_deadletters_release(%s::bigint[], %s::uuid[], %s::date[]);

-- name: update_letters_dropped
UPDATE engine_deadletter SET ended = 'dropped', ended_at = now()
WHERE tenant_id = %(tenant)s AND ended IS NULL
  AND (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s))
  AND (%(type)s::text IS NULL OR event_type = %(type)s)
  AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s);

-- name: select_tenants_with_letters
SELECT DISTINCT tenant_id FROM engine_deadletter WHERE ended IS NULL ORDER BY tenant_id;

-- name: delete_letters_over
-- Served by the partial index.
DELETE FROM engine_deadletter WHERE ended_at < now() - make_interval(days => %s);
