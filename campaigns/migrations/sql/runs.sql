-- Parked runs: row-level security, and the lead's key with the tenant.

SELECT fairlane_isolate('campaigns_parkedrun');

ALTER TABLE campaigns_parkedrun
    ADD CONSTRAINT campaigns_parkedrun_lead_same_tenant
        FOREIGN KEY (tenant_id, lead_id) REFERENCES campaigns_lead (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT campaigns_parkedrun_state_object CHECK (jsonb_typeof(state) = 'object');

-- Rows come and go: without this the table's statistics and free space lag behind.
ALTER TABLE campaigns_parkedrun SET (autovacuum_vacuum_scale_factor = 0.05, fillfactor = 90);
