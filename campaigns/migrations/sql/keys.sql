-- Foreign keys that include the tenant, so that no row can point at another tenant's (Django has no such key).
-- Checks of foreign keys see all rows, whatever the row-level security: only the key itself can refuse.

ALTER TABLE campaigns_lead
    ADD CONSTRAINT campaigns_lead_company_same_tenant
        FOREIGN KEY (tenant_id, company_id) REFERENCES campaigns_company (tenant_id, id),
    ADD CONSTRAINT campaigns_lead_owner_same_tenant
        FOREIGN KEY (tenant_id, owner_id) REFERENCES campaigns_owner (tenant_id, id),
    ADD CONSTRAINT campaigns_lead_stage_same_tenant
        FOREIGN KEY (tenant_id, stage) REFERENCES campaigns_stage (tenant_id, key),
    ADD CONSTRAINT campaigns_lead_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    ADD CONSTRAINT campaigns_lead_fields_object CHECK (jsonb_typeof(fields) = 'object');

ALTER TABLE campaigns_listmember
    ADD CONSTRAINT campaigns_listmember_lead_same_tenant
        FOREIGN KEY (tenant_id, lead_id) REFERENCES campaigns_lead (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT campaigns_listmember_list_same_tenant
        FOREIGN KEY (tenant_id, list_id) REFERENCES campaigns_staticlist (tenant_id, id) ON DELETE CASCADE;

ALTER TABLE campaigns_campaignversion
    ADD CONSTRAINT campaigns_version_campaign_same_tenant
        FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns_campaign (tenant_id, id),
    ADD CONSTRAINT campaigns_version_document_object CHECK (jsonb_typeof(document) = 'object');

ALTER TABLE campaigns_campaign
    ADD CONSTRAINT campaigns_campaign_live_version_exists
        FOREIGN KEY (tenant_id, id, live_version)
        REFERENCES campaigns_campaignversion (tenant_id, campaign_id, number),
    ADD CONSTRAINT campaigns_campaign_draft_object CHECK (jsonb_typeof(draft) = 'object');

ALTER TABLE campaigns_fielddefinition
    ADD CONSTRAINT campaigns_field_type CHECK (type IN (
        'string', 'text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'picklist', 'multi_select')),
    ADD CONSTRAINT campaigns_field_options_list CHECK (jsonb_typeof(options) = 'array');

ALTER TABLE campaigns_eventtype
    ADD CONSTRAINT campaigns_eventtype_attributes_list CHECK (jsonb_typeof(attributes) = 'array');

-- Leads are updated all the time: room on the page keeps the new row beside the old one, out of the indexes.
ALTER TABLE campaigns_lead SET (fillfactor = 80);
ALTER TABLE campaigns_lead ALTER COLUMN tags SET DEFAULT '{}', ALTER COLUMN fields SET DEFAULT '{}';
ALTER TABLE campaigns_company ALTER COLUMN fields SET DEFAULT '{}';

-- Published versions never change.
CREATE FUNCTION campaigns_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% rows never change', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON campaigns_campaignversion
    FOR EACH ROW EXECUTE FUNCTION campaigns_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON campaigns_campaignversion FROM fairlane_app, fairlane_worker;
