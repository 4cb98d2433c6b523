-- Whose turn it is among a tenant's campaigns concerns their rulebook.

DROP TRIGGER rulebook_update ON campaigns_campaign;
CREATE TRIGGER rulebook_update AFTER UPDATE ON campaigns_campaign
    FOR EACH ROW
    WHEN ((OLD.key, OLD.name, OLD.status, OLD.live_version, OLD.position, OLD.priority, OLD.pause_mode, OLD.emptied_at)
          IS DISTINCT FROM
          (NEW.key, NEW.name, NEW.status, NEW.live_version, NEW.position, NEW.priority, NEW.pause_mode, NEW.emptied_at))
    EXECUTE FUNCTION campaigns_raise_rulebook_version_for_campaign();
