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

-- name: set_tenant_of_transaction
SELECT set_config('fairlane.tenant', %s, true);

-- name: select_rows_of_tenant
-- Served by the index on the tenant.
SELECT id, events FROM engine_outbox WHERE tenant_id = %s ORDER BY id LIMIT %s;

-- name: replace_row_returning_id
-- And count the transaction.
UPDATE engine_outbox SET events = %s, size = %s WHERE id = %s RETURNING id, nextval('engine_queue_transactions');

-- name: delete_rows_returning_id
-- And count the transaction.
WITH gone AS (DELETE FROM engine_outbox WHERE id = ANY(%s) RETURNING id),
    counted AS MATERIALIZED (SELECT nextval('engine_queue_transactions') FROM (SELECT FROM gone LIMIT 1) AS any_row)
SELECT id FROM gone, counted;

-- name: select_tenants_left_behind
SELECT DISTINCT tenant_id FROM engine_outbox
WHERE created_at < now() - make_interval(secs => %s) ORDER BY tenant_id;
