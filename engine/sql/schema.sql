-- What Django's migrations cannot say: the partitioned ledger, row-level security, rights.

-- Which events were done. tenant and event are the identity; the day keeps partitions droppable. An event
-- claimed on one day and sent again on the next is found by the claim's look at the day before.
CREATE TABLE engine_ledger (
    tenant_id text COLLATE "C" NOT NULL,
    event_key uuid NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (tenant_id, event_key, day)
) PARTITION BY RANGE (day);
-- Events accepted outside every partition: a clock gone wrong, or a backlog older than the ledger.
CREATE TABLE engine_ledger_other PARTITION OF engine_ledger DEFAULT;
REVOKE ALL ON engine_ledger, engine_ledger_other FROM fairlane_app;

-- Partitions from yesterday to a week ahead exist, those older than keep_days are dropped. Runs as the
-- owner for roles that may not create tables.
CREATE FUNCTION engine_ledger_partitions(keep_days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    at date;
    name text;
    made int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('engine_ledger_partitions'));
    FOR i IN -1..7 LOOP
        at := (now() AT TIME ZONE 'UTC')::date + i;
        name := 'engine_ledger_' || to_char(at, 'YYYYMMDD');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF engine_ledger FOR VALUES FROM (%L) TO (%L)',
                           name, at, at + 1);
            EXECUTE format('REVOKE ALL ON %I FROM fairlane_app', name);
            made := made + 1;
        END IF;
    END LOOP;
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'engine_ledger'::regclass AND c.relname ~ '^engine_ledger_\d{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date - keep_days
    LOOP
        EXECUTE format('DROP TABLE %I', name);
    END LOOP;
    DELETE FROM engine_ledger_other WHERE day < (now() AT TIME ZONE 'UTC')::date - keep_days;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION engine_ledger_partitions(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION engine_ledger_partitions(int) TO fairlane_worker;
SELECT engine_ledger_partitions(8);

ALTER TABLE engine_tenantcontrol ENABLE ROW LEVEL SECURITY;
ALTER TABLE engine_tenantcontrol FORCE ROW LEVEL SECURITY;
-- Shares are no secret between tenants (a producer needs the lane count before a tenant is chosen);
-- only an operator changes them.
CREATE POLICY everybody_reads ON engine_tenantcontrol FOR SELECT USING (true);
CREATE POLICY operator_writes ON engine_tenantcontrol
    USING (current_setting('fairlane.operator', true) = 'on')
    WITH CHECK (current_setting('fairlane.operator', true) = 'on');

ALTER TABLE engine_deadletter ENABLE ROW LEVEL SECURITY;
ALTER TABLE engine_deadletter FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON engine_deadletter
    USING (tenant_id = NULLIF(current_setting('fairlane.tenant', true), ''));
-- Events of one transaction find its row by this (Django knows no type for it).
ALTER TABLE engine_outbox ADD COLUMN transaction xid8 NOT NULL;
CREATE INDEX engine_outbox_by_transaction ON engine_outbox (transaction);
CREATE INDEX engine_outbox_by_tenant ON engine_outbox (tenant_id, id);
ALTER TABLE engine_outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE engine_outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON engine_outbox
    USING (tenant_id = NULLIF(current_setting('fairlane.tenant', true), ''));
