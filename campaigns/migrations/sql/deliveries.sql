-- Deliveries: row-level security, keys with the tenant.

SELECT fairlane_isolate('campaigns_delivery');

ALTER TABLE campaigns_delivery
    ADD CONSTRAINT campaigns_delivery_lead_same_tenant
        FOREIGN KEY (tenant_id, lead_id) REFERENCES campaigns_lead (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT campaigns_delivery_body_object CHECK (jsonb_typeof(body) = 'object');

-- Most rows change three times before they rest: room on their page keeps them there, and vacuum has less to do.
ALTER TABLE campaigns_delivery SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
