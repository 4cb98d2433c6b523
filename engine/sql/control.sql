-- name: insert_tenant
-- A tenant's lanes are fixed here. Served by the primary key.
INSERT INTO engine_tenantcontrol (tenant_id, lanes, weight, cap, database)
VALUES (%s, %s, %s, %s, 'default');

-- name: update_tenant_returning_database
UPDATE engine_tenantcontrol SET weight = %s, cap = %s WHERE tenant_id = %s RETURNING database;

-- name: select_lane_count
SELECT lanes FROM engine_tenantcontrol WHERE tenant_id = %s;

-- name: select_shares_not_default
SELECT tenant_id, weight, cap, database FROM engine_tenantcontrol
WHERE weight <> 1 OR cap <> 0 OR database <> 'default';
