-- The journal: what was accepted, before it was acknowledged. Used only where ENGINE["journal"] is on.

-- One row is one commit of one process, with events of any tenants. A row that was committed before another one was
-- begun has the smaller id, so ids are in the order of acceptance. An hour a partition, dropped when all is settled.
CREATE TABLE engine_journal (
    id bigint GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL DEFAULT now(),
    events int NOT NULL,
    first_accepted_at timestamptz NOT NULL,
    last_accepted_at timestamptz NOT NULL,
    body bytea NOT NULL -- engine/journal.py packs it
) PARTITION BY RANGE (created_at);
CREATE INDEX engine_journal_by_id ON engine_journal (id);
ALTER TABLE engine_journal ALTER COLUMN body SET STORAGE EXTERNAL; -- it is compressed already
-- Hours for which no partition was made: nobody maintained the database for a day.
CREATE TABLE engine_journal_other PARTITION OF engine_journal DEFAULT;

-- The application adds rows and sees none: a row holds events of many tenants.
REVOKE ALL ON engine_journal, engine_journal_other FROM fairlane_app, fairlane_worker;
GRANT INSERT ON engine_journal TO fairlane_app;
GRANT SELECT ON engine_journal TO fairlane_worker;
ALTER TABLE engine_journal ENABLE ROW LEVEL SECURITY;
ALTER TABLE engine_journal FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_adds ON engine_journal FOR INSERT WITH CHECK (true);
ALTER TABLE engine_journal_other ENABLE ROW LEVEL SECURITY;
ALTER TABLE engine_journal_other FORCE ROW LEVEL SECURITY;
-- Nobody is above row-level security here, the owner neither; its function looks for what can go.
CREATE POLICY owner_cleans ON engine_journal_other TO fairlane_owner USING (true);

-- What maintenance knows of the journal: one row.
CREATE TABLE engine_journalstate (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    settled bigint NOT NULL DEFAULT 0, -- every row up to this id is settled
    marker uuid                        -- of the last rebuild; Redis has the same one while it has lost nothing
);
REVOKE ALL ON engine_journalstate FROM fairlane_app;
INSERT INTO engine_journalstate DEFAULT VALUES;

-- Events that a rebuild puts in front of a lane's buffer get numbers below every one that was ever given: a number
-- that came back would let somebody who slept since then remove another event.
ALTER TABLE engine_lanemode ADD COLUMN bottom bigint NOT NULL DEFAULT 0;

-- Rather more than there are: from the first number to the last, in both ranges, less what of them is aborted.
CREATE OR REPLACE FUNCTION engine_spill_held(mode engine_lanemode) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(last - first + 1
        - greatest(0, least(last, mode.aborted_to) - greatest(first, mode.aborted_from) + 1)), 0)::bigint
    FROM (
        SELECT min(number) AS first, max(number) AS last FROM engine_spill AS s
        WHERE s.tenant_id = mode.tenant_id AND s.lane = mode.lane AND s.number < 0
        UNION ALL
        SELECT min(number), mode.last FROM engine_spill AS s
        WHERE s.tenant_id = mode.tenant_id AND s.lane = mode.lane AND s.number > 0
    ) AS ranges
$$;

-- What of a tenant was journalled up to this row is thrown away with it.
ALTER TABLE engine_abort ADD COLUMN journalled bigint NOT NULL DEFAULT 0;

-- Hours from this one to a day ahead exist; an hour that is over is dropped when all its rows are settled, or when
-- the ledger may have forgotten its events. Runs as the owner for roles that may not create tables. Returns the
-- partitions made, and of those dropped the names where something was not settled.
CREATE FUNCTION engine_journal_partitions(keep_days int, OUT made int, OUT dropped int, OUT unsettled text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    at timestamptz;
    name text;
    last bigint;
    settled_to bigint;
    too_old timestamptz := now() - make_interval(days => keep_days);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('engine_journal_partitions'));
    made := 0; dropped := 0; unsettled := '{}';
    FOR i IN 0..24 LOOP
        at := date_bin('1 hour', now(), 'epoch') + make_interval(hours => i);
        name := 'engine_journal_' || to_char(at AT TIME ZONE 'UTC', 'YYYYMMDDHH24');
        CONTINUE WHEN to_regclass(name) IS NOT NULL
            OR EXISTS (SELECT FROM engine_journal_other WHERE created_at >= at AND created_at < at + interval '1 hour');
        EXECUTE format('CREATE TABLE %I PARTITION OF engine_journal FOR VALUES FROM (%L) TO (%L)',
                       name, at, at + interval '1 hour');
        EXECUTE format('REVOKE ALL ON %I FROM fairlane_app, fairlane_worker', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner_looks ON %I FOR SELECT TO fairlane_owner USING (true)', name);
        made := made + 1;
    END LOOP;
    settled_to := coalesce((SELECT settled FROM engine_journalstate), 0);
    DELETE FROM engine_journal_other WHERE id <= settled_to OR created_at < too_old;
    FOR name, at IN
        SELECT c.relname, to_timestamp(right(c.relname, 10) || '+00', 'YYYYMMDDHH24TZH') + interval '1 hour'
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'engine_journal'::regclass AND c.relname ~ '^engine_journal_\d{10}$'
    LOOP
        CONTINUE WHEN at > now() - interval '1 minute'; -- a transaction of that hour may not be over
        EXECUTE format('SELECT coalesce(max(id), 0) FROM %I', name) INTO last;
        CONTINUE WHEN last > settled_to AND at > too_old;
        IF last > settled_to THEN unsettled := unsettled || name; END IF;
        EXECUTE format('DROP TABLE %I', name);
        dropped := dropped + 1;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION engine_journal_partitions(int) FROM PUBLIC, fairlane_app;
GRANT EXECUTE ON FUNCTION engine_journal_partitions(int) TO fairlane_worker;
SELECT engine_journal_partitions(7);
