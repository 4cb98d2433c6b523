-- Batches: row-level security, and keys with the tenant.

SELECT fairlane_isolate('campaigns_batch');
SELECT fairlane_isolate('campaigns_batchmember');

ALTER TABLE campaigns_batch
    ADD CONSTRAINT campaigns_batch_campaign_same_tenant
        FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns_campaign (tenant_id, id),
    ADD CONSTRAINT campaigns_batch_state
        CHECK (state IN ('counting', 'sending', 'done', 'cancelled'));

ALTER TABLE campaigns_batchmember
    ADD CONSTRAINT campaigns_batchmember_batch_same_tenant
        FOREIGN KEY (tenant_id, batch_id) REFERENCES campaigns_batch (tenant_id, id);

-- Rows come and go: without this the table's statistics and free space lag behind.
ALTER TABLE campaigns_batchmember SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE campaigns_batch SET (fillfactor = 70);
