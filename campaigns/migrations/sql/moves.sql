-- Moves: row-level security, and the campaign's key with the tenant.

SELECT fairlane_isolate('campaigns_move');

ALTER TABLE campaigns_move
    ADD CONSTRAINT campaigns_move_campaign_same_tenant
        FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns_campaign (tenant_id, id),
    ADD CONSTRAINT campaigns_move_state CHECK (state IN ('moving', 'moved', 'undoing', 'undone')),
    ADD CONSTRAINT campaigns_move_plan_object CHECK (jsonb_typeof(plan) = 'object');
