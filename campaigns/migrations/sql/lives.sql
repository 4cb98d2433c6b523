-- Leads that were deleted or merged into another one.

ALTER TABLE campaigns_lead
    ADD CONSTRAINT campaigns_lead_merged_same_tenant
        FOREIGN KEY (tenant_id, merged_into) REFERENCES campaigns_lead (tenant_id, id),
    ADD CONSTRAINT campaigns_lead_not_merged_into_itself CHECK (merged_into <> id);
CREATE INDEX campaigns_lead_deleted ON campaigns_lead (tenant_id, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX campaigns_lead_merged ON campaigns_lead (tenant_id, merged_into) WHERE merged_into IS NOT NULL;

CREATE FUNCTION campaigns_forget_activities(tenant text, leads bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Removes the history of leads that are deleted for good, or were merged into one that is; of no other lead.
-- The owner is under the policies too: it enters the tenant while it does so.
DECLARE
    before text := coalesce(current_setting('fairlane.tenant', true), '');
    gone bigint;
BEGIN
    PERFORM set_config('fairlane.tenant', tenant, true);
    DELETE FROM campaigns_activity AS a
    WHERE a.tenant_id = tenant AND a.lead_id IN (
        SELECT l.id FROM campaigns_lead AS l
        LEFT JOIN campaigns_lead AS w ON w.tenant_id = l.tenant_id AND w.id = l.merged_into
        WHERE l.tenant_id = tenant AND l.id = ANY(leads)
          AND coalesce(coalesce(w.restorable_until, w.deleted_at), coalesce(l.restorable_until, l.deleted_at)) < now());
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('fairlane.tenant', before, true);
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION campaigns_forget_activities(text, bigint[]) FROM PUBLIC, fairlane_app;
GRANT EXECUTE ON FUNCTION campaigns_forget_activities(text, bigint[]) TO fairlane_worker;
