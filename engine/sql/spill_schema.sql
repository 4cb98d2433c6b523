-- The persistent buffer behind the lanes, used only while workers fall behind or Redis cannot be reached.

-- Which way a lane's events go. A lane without a row is direct at epoch 0. Redis alone moves a lane to spill,
-- this table alone moves it back; the epoch tells an order given before such a move from one given after.
CREATE TABLE engine_lanemode (
    tenant_id text COLLATE "C" NOT NULL,
    lane smallint NOT NULL,
    spill boolean NOT NULL DEFAULT false,
    epoch bigint NOT NULL DEFAULT 0,
    -- Events were spilled without asking Redis: some in the lane may be younger than some here.
    blind boolean NOT NULL DEFAULT false,
    last bigint NOT NULL DEFAULT 0, -- the number of the last event spilled
    PRIMARY KEY (tenant_id, lane)
) WITH (fillfactor = 50);
CREATE INDEX engine_lanemode_in_spill ON engine_lanemode (tenant_id, lane) WHERE spill;
CREATE INDEX engine_lanemode_blind ON engine_lanemode (tenant_id, lane) WHERE blind;

CREATE TABLE engine_spill (
    tenant_id text COLLATE "C" NOT NULL,
    lane smallint NOT NULL,
    number bigint NOT NULL, -- the order of acceptance within the lane
    accepted_at timestamptz NOT NULL,
    event bytea NOT NULL,
    PRIMARY KEY (tenant_id, lane, number)
);
-- A queue's table empties and fills: dead rows are to be had back soon.
ALTER TABLE engine_spill SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

ALTER TABLE engine_lanemode ENABLE ROW LEVEL SECURITY;
ALTER TABLE engine_lanemode FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON engine_lanemode
    USING (tenant_id = NULLIF(current_setting('fairlane.tenant', true), ''))
    WITH CHECK (tenant_id = NULLIF(current_setting('fairlane.tenant', true), ''));
ALTER TABLE engine_spill ENABLE ROW LEVEL SECURITY;
ALTER TABLE engine_spill FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON engine_spill
    USING (tenant_id = NULLIF(current_setting('fairlane.tenant', true), ''))
    WITH CHECK (tenant_id = NULLIF(current_setting('fairlane.tenant', true), ''));
