-- Times that are due: row-level security, and keys with the tenant.

SELECT fairlane_isolate('campaigns_duetime');
SELECT fairlane_isolate('campaigns_dueplan');

ALTER TABLE campaigns_duetime
    ADD CONSTRAINT campaigns_duetime_campaign_same_tenant
        FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns_campaign (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT campaigns_duetime_data_object CHECK (jsonb_typeof(data) = 'object');

ALTER TABLE campaigns_dueplan
    ADD CONSTRAINT campaigns_dueplan_campaign_same_tenant
        FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns_campaign (tenant_id, id) ON DELETE CASCADE;

-- Rows come and go: without this the table's statistics and free space lag behind.
ALTER TABLE campaigns_duetime SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE campaigns_dueplan SET (fillfactor = 70);
