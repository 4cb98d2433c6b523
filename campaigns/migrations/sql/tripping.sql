-- The hour's counts of campaigns: row-level security, and the campaign's key with the tenant.

SELECT fairlane_isolate('campaigns_tally');

ALTER TABLE campaigns_tally
    ADD CONSTRAINT campaigns_tally_campaign_same_tenant
        FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns_campaign (tenant_id, id) ON DELETE CASCADE;
