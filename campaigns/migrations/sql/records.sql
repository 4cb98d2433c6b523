-- Definitions and records: row-level security, keys with the tenant, the rulebook's version.

SELECT fairlane_isolate('campaigns_definition');
SELECT fairlane_isolate('campaigns_record');

ALTER TABLE campaigns_definition ADD CONSTRAINT campaigns_definition_spec_object CHECK (jsonb_typeof(spec) = 'object');
ALTER TABLE campaigns_record
    ADD CONSTRAINT campaigns_record_lead_same_tenant
        FOREIGN KEY (tenant_id, lead_id) REFERENCES campaigns_lead (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT campaigns_record_data_object CHECK (jsonb_typeof(data) = 'object');

CREATE TRIGGER rulebook_insert AFTER INSERT ON campaigns_definition REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_raise_rulebook_version();
CREATE TRIGGER rulebook_update AFTER UPDATE ON campaigns_definition REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_raise_rulebook_version();
CREATE TRIGGER rulebook_delete AFTER DELETE ON campaigns_definition REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_raise_rulebook_version();
