-- Fields may hold a JSON object.
ALTER TABLE campaigns_fielddefinition
    DROP CONSTRAINT campaigns_field_type,
    ADD CONSTRAINT campaigns_field_type CHECK (type IN (
        'string', 'text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'picklist', 'multi_select', 'json'));

-- Companies change with their leads, and no campaign is compiled from them.
DROP TRIGGER rulebook_insert ON campaigns_company;
DROP TRIGGER rulebook_update ON campaigns_company;
DROP TRIGGER rulebook_delete ON campaigns_company;

-- Which companies a lead belongs to is kept in its records, by name. Served by campaigns_record_by_key.
CREATE FUNCTION campaigns_follow_company() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM campaigns_record WHERE tenant_id = OLD.tenant_id AND kind = 'company' AND key = OLD.name;
    ELSE
        UPDATE campaigns_record SET key = NEW.name
        WHERE tenant_id = OLD.tenant_id AND kind = 'company' AND key = OLD.name;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_delete AFTER DELETE ON campaigns_company
    FOR EACH ROW EXECUTE FUNCTION campaigns_follow_company();
CREATE TRIGGER follow_rename AFTER UPDATE OF name ON campaigns_company
    FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION campaigns_follow_company();

ALTER TABLE campaigns_company ADD CONSTRAINT campaigns_company_fields_object CHECK (jsonb_typeof(fields) = 'object');

SELECT fairlane_isolate('campaigns_sharedrecord');
ALTER TABLE campaigns_sharedrecord
    ALTER COLUMN data SET DEFAULT '{}',
    ADD CONSTRAINT campaigns_sharedrecord_data_object CHECK (jsonb_typeof(data) = 'object');
