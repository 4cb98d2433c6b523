-- A tenant's campaigns depend on the day that its weeks begin on, too.

ALTER TABLE campaigns_tenant
    ADD CONSTRAINT campaigns_tenant_week_start_known CHECK (week_start IN (
        'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'));

DROP TRIGGER rulebook_update ON campaigns_tenant;
CREATE TRIGGER rulebook_update BEFORE UPDATE ON campaigns_tenant
    FOR EACH ROW
    WHEN ((OLD.name, OLD.timezone, OLD.currency, OLD.week_start)
          IS DISTINCT FROM (NEW.name, NEW.timezone, NEW.currency, NEW.week_start))
    EXECUTE FUNCTION campaigns_raise_own_rulebook_version();
