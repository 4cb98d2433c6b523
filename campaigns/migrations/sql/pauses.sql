-- How a campaign is paused, and who was sent out of it, concern those inside: workers must know at once.

DROP TRIGGER rulebook_update ON campaigns_campaign;
CREATE TRIGGER rulebook_update AFTER UPDATE ON campaigns_campaign
    FOR EACH ROW
    WHEN ((OLD.key, OLD.name, OLD.status, OLD.live_version, OLD.position, OLD.pause_mode, OLD.emptied_at)
          IS DISTINCT FROM
          (NEW.key, NEW.name, NEW.status, NEW.live_version, NEW.position, NEW.pause_mode, NEW.emptied_at))
    EXECUTE FUNCTION campaigns_raise_rulebook_version_for_campaign();
