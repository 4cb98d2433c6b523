-- Where tenants live (engine/placement.py). engine_tenantcontrol of the directory says so; served by its primary key.

-- name: select_database_of_tenant
SELECT database FROM engine_tenantcontrol WHERE tenant_id = %s;

-- name: select_tenants_elsewhere
SELECT tenant_id FROM engine_tenantcontrol WHERE tenant_id = ANY(%s) AND database <> 'default';
