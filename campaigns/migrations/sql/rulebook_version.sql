-- A tenant's rulebook_version is raised by every change of what its campaigns depend on, in the transaction of the
-- change, whoever makes it: admin, API, import or a hand at psql. Workers keep compiled rulebooks by this number.

CREATE FUNCTION campaigns_raise_rulebook_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE campaigns_tenant SET rulebook_version = rulebook_version + 1
    WHERE id IN (SELECT DISTINCT tenant_id FROM changed);
    RETURN NULL;
END $$;

DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY[
        'campaigns_fielddefinition', 'campaigns_eventtype', 'campaigns_stage', 'campaigns_tag',
        'campaigns_company', 'campaigns_owner', 'campaigns_staticlist'
    ] LOOP
        EXECUTE format('CREATE TRIGGER rulebook_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS changed'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION campaigns_raise_rulebook_version()', target);
        EXECUTE format('CREATE TRIGGER rulebook_update AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION campaigns_raise_rulebook_version()', target);
        EXECUTE format('CREATE TRIGGER rulebook_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS changed'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION campaigns_raise_rulebook_version()', target);
    END LOOP;
END $$;

-- A campaign counts when it is live or its place among the others changes, not while its draft is edited.
CREATE FUNCTION campaigns_raise_rulebook_version_for_campaign() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE campaigns_tenant SET rulebook_version = rulebook_version + 1
    WHERE id = coalesce(NEW.tenant_id, OLD.tenant_id);
    RETURN NULL;
END $$;
CREATE TRIGGER rulebook_insert_delete AFTER INSERT OR DELETE ON campaigns_campaign
    FOR EACH ROW EXECUTE FUNCTION campaigns_raise_rulebook_version_for_campaign();
CREATE TRIGGER rulebook_update AFTER UPDATE ON campaigns_campaign
    FOR EACH ROW
    WHEN ((OLD.key, OLD.name, OLD.status, OLD.live_version, OLD.position)
          IS DISTINCT FROM (NEW.key, NEW.name, NEW.status, NEW.live_version, NEW.position))
    EXECUTE FUNCTION campaigns_raise_rulebook_version_for_campaign();

CREATE FUNCTION campaigns_raise_own_rulebook_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.rulebook_version := OLD.rulebook_version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER rulebook_update BEFORE UPDATE ON campaigns_tenant
    FOR EACH ROW
    WHEN ((OLD.name, OLD.timezone, OLD.currency) IS DISTINCT FROM (NEW.name, NEW.timezone, NEW.currency))
    EXECUTE FUNCTION campaigns_raise_own_rulebook_version();
