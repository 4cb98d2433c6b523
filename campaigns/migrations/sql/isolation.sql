-- Row-level security. The application role sees the rows of the tenant named by fairlane.tenant, which is set
-- for one transaction at a time. After a transaction the setting reads '' and not NULL: hence NULLIF.

CREATE OR REPLACE FUNCTION fairlane_isolate(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
-- Puts a table, or one partition of a table, under forced row-level security by its tenant_id.
-- The policy of a partitioned table does not hold for who names a partition: isolate each of them.
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    IF EXISTS (SELECT FROM pg_policy WHERE polrelid = target AND polname = 'tenant') THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE POLICY tenant ON %s'
        ' USING (tenant_id = NULLIF(current_setting(''fairlane.tenant'', true), ''''))'
        ' WITH CHECK (tenant_id = NULLIF(current_setting(''fairlane.tenant'', true), ''''))',
        target);
END $$;
REVOKE ALL ON FUNCTION fairlane_isolate(regclass) FROM PUBLIC, fairlane_app, fairlane_worker;

SELECT fairlane_isolate(isolated::regclass) FROM unnest(ARRAY[
    'campaigns_apikey', 'campaigns_fielddefinition', 'campaigns_eventtype', 'campaigns_stage', 'campaigns_tag',
    'campaigns_company', 'campaigns_owner', 'campaigns_staticlist', 'campaigns_listmember', 'campaigns_lead',
    'campaigns_campaign', 'campaigns_campaignversion'
]) AS isolated;

-- A request that brings an API key does not know its tenant yet: the key may be looked up by its public part.
CREATE POLICY key_lookup ON campaigns_apikey FOR SELECT
    USING (prefix = NULLIF(current_setting('fairlane.key_prefix', true), ''));

-- The tenant table: one's own row, or all of them for an operator of the whole site.
ALTER TABLE campaigns_tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaigns_tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON campaigns_tenant
    USING (id = NULLIF(current_setting('fairlane.tenant', true), '')
           OR current_setting('fairlane.operator', true) = 'on')
    WITH CHECK (id = NULLIF(current_setting('fairlane.tenant', true), '')
                OR current_setting('fairlane.operator', true) = 'on');
