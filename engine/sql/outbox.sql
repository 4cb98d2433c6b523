-- name: append_to_row_of_transaction
-- One row per transaction and hundred events: appends to the row this transaction wrote last while it has
-- room. Rolling back to a savepoint takes the events with it. Served by the index on the transaction. The first row
-- counts the transaction.
WITH last AS (
    SELECT id FROM engine_outbox
    WHERE tenant_id = %(tenant)s AND transaction = pg_current_xact_id()
    ORDER BY id DESC LIMIT 1
), appended AS (
    UPDATE engine_outbox AS o SET events = o.events || %(events)s::bytea, size = o.size + %(count)s
    FROM last WHERE o.id = last.id AND o.size + %(count)s <= 100
    RETURNING o.id
), inserted AS (
    INSERT INTO engine_outbox (tenant_id, events, size, transaction)
    SELECT %(tenant)s, %(events)s::bytea, %(count)s, pg_current_xact_id()
    WHERE NOT EXISTS (SELECT FROM appended)
    RETURNING id
)
SELECT false, NULL::bigint FROM appended
UNION ALL
SELECT true, CASE WHEN NOT EXISTS (SELECT FROM last) THEN nextval('engine_queue_transactions') END FROM inserted;

-- name: insert_rows
-- A worker's: part of the transaction of the effects, so it counts none.
INSERT INTO engine_outbox (tenant_id, events, size, transaction)
SELECT w.tenant_id, w.events, w.size, pg_current_xact_id()
FROM unnest(%s::text[], %s::bytea[], %s::int[]) AS w (tenant_id, events, size)
RETURNING tenant_id, id;

-- name: select_rows_written
-- These rows, and those of the tenant that somebody left behind; less those thrown away. Served by the index on the tenant.
SELECT o.id, o.events FROM engine_outbox AS o
LEFT JOIN engine_outboxaborted AS a ON a.tenant_id = o.tenant_id
WHERE o.tenant_id = %s AND (o.id = ANY(%s) OR o.created_at < now() - make_interval(secs => %s))
  AND pg_visible_in_snapshot(o.transaction, a.snapshot) IS NOT TRUE ORDER BY o.id LIMIT %s;

-- name: select_rows_of_tenant
-- Less those thrown away. Served by the index on the tenant.
SELECT o.id, o.events FROM engine_outbox AS o
LEFT JOIN engine_outboxaborted AS a ON a.tenant_id = o.tenant_id
WHERE o.tenant_id = %s AND pg_visible_in_snapshot(o.transaction, a.snapshot) IS NOT TRUE ORDER BY o.id LIMIT %s;

-- name: replace_row_returning_id
-- And count the transaction.
UPDATE engine_outbox SET events = %s, size = %s WHERE id = %s RETURNING id, nextval('engine_queue_transactions');

-- name: delete_rows_returning_id
-- And count the transaction.
WITH gone AS (DELETE FROM engine_outbox WHERE id = ANY(%s) RETURNING id),
    counted AS MATERIALIZED (SELECT nextval('engine_queue_transactions') FROM (SELECT FROM gone LIMIT 1) AS any_row)
SELECT id FROM gone, counted;

-- name: select_tenants_left_behind
SELECT DISTINCT o.tenant_id FROM engine_outbox AS o
LEFT JOIN engine_outboxaborted AS a ON a.tenant_id = o.tenant_id
WHERE o.created_at < now() - make_interval(secs => %s)
  AND pg_visible_in_snapshot(o.transaction, a.snapshot) IS NOT TRUE ORDER BY o.tenant_id;

-- name: count_rows_of_tenant
-- Events, and how many of the first rows they are: people need no exact number of more than that.
SELECT coalesce(sum(size), 0)::bigint FROM (
    SELECT o.size FROM engine_outbox AS o
    LEFT JOIN engine_outboxaborted AS a ON a.tenant_id = o.tenant_id
    WHERE o.tenant_id = %(tenant)s AND pg_visible_in_snapshot(o.transaction, a.snapshot) IS NOT TRUE
    LIMIT %(limit)s
) AS o;

-- name: abort_rows_of_tenant
-- All that this statement could see; a transaction that commits later keeps its events.
INSERT INTO engine_outboxaborted AS a (tenant_id, snapshot) VALUES (%(tenant)s, pg_current_snapshot())
ON CONFLICT (tenant_id) DO UPDATE SET snapshot = excluded.snapshot;

-- name: delete_rows_aborted
DELETE FROM engine_outbox WHERE id IN (
    SELECT o.id FROM engine_outbox AS o JOIN engine_outboxaborted AS a ON a.tenant_id = o.tenant_id
    WHERE pg_visible_in_snapshot(o.transaction, a.snapshot) LIMIT %s FOR UPDATE OF o SKIP LOCKED
);

-- name: forget_snapshots_if_removed
-- Not one that was written meanwhile.
DELETE FROM engine_outboxaborted AS a USING (
    SELECT tenant_id, snapshot::text AS seen FROM engine_outboxaborted AS b
    WHERE NOT EXISTS (SELECT FROM engine_outbox AS o
                      WHERE o.tenant_id = b.tenant_id AND pg_visible_in_snapshot(o.transaction, b.snapshot))
) AS w WHERE a.tenant_id = w.tenant_id AND a.snapshot::text = w.seen;
