-- What was thrown away of a tenant: marked at once, whatever its number, removed later.

ALTER TABLE engine_tenantcontrol ADD CONSTRAINT engine_tenantcontrol_state
    CHECK (state IN ('active', 'paused', 'draining'));

ALTER TABLE engine_abort ENABLE ROW LEVEL SECURITY;
ALTER TABLE engine_abort FORCE ROW LEVEL SECURITY;
CREATE POLICY operator_only ON engine_abort
    USING (current_setting('fairlane.operator', true) = 'on')
    WITH CHECK (current_setting('fairlane.operator', true) = 'on');

-- Events of the buffer with these numbers are to be removed and no longer seen. Numbers are never used again.
ALTER TABLE engine_lanemode ADD COLUMN aborted_from bigint NOT NULL DEFAULT 0;
ALTER TABLE engine_lanemode ADD COLUMN aborted_to bigint NOT NULL DEFAULT 0; -- 0: none
CREATE INDEX engine_lanemode_aborted ON engine_lanemode (tenant_id, lane) WHERE aborted_to > 0;

-- The first number in a lane's buffer that is not aborted. Served by the primary key, whatever was aborted.
CREATE FUNCTION engine_spill_first(mode engine_lanemode) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT min(number) FROM engine_spill AS s
         WHERE s.tenant_id = mode.tenant_id AND s.lane = mode.lane AND s.number < mode.aborted_from),
        (SELECT min(number) FROM engine_spill AS s
         WHERE s.tenant_id = mode.tenant_id AND s.lane = mode.lane AND s.number > mode.aborted_to))
$$;

-- How many are in a lane's buffer, less those aborted. What leaves, leaves at the first number.
CREATE FUNCTION engine_spill_held(mode engine_lanemode) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(mode.last - first + 1 - CASE WHEN first < mode.aborted_from
                                                 THEN mode.aborted_to - mode.aborted_from + 1 ELSE 0 END, 0)
    FROM engine_spill_first(mode) AS first
$$;

-- Rows of the outbox whose transaction this snapshot sees are to be removed and no longer seen.
CREATE TABLE engine_outboxaborted (
    tenant_id text COLLATE "C" PRIMARY KEY,
    snapshot pg_snapshot NOT NULL
);
ALTER TABLE engine_outboxaborted ENABLE ROW LEVEL SECURITY;
ALTER TABLE engine_outboxaborted FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON engine_outboxaborted
    USING (tenant_id = NULLIF(current_setting('fairlane.tenant', true), ''))
    WITH CHECK (tenant_id = NULLIF(current_setting('fairlane.tenant', true), ''));
