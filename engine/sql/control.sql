-- name: insert_tenant
-- A tenant's lanes and its database are fixed here. Served by the primary key.
INSERT INTO engine_tenantcontrol (tenant_id, lanes, weight, cap, database)
VALUES (%s, %s, %s, %s, %s);

-- name: update_share_returning_all
-- Those not given stay as they are.
UPDATE engine_tenantcontrol
SET weight = coalesce(%s, weight), cap = coalesce(%s, cap), rate = coalesce(%s, rate), changed_at = now()
WHERE tenant_id = %s
RETURNING tenant_id, weight, cap, database, rate, state;

-- name: update_state_returning_all
UPDATE engine_tenantcontrol SET state = %s, changed_at = now() WHERE tenant_id = %s
RETURNING tenant_id, weight, cap, database, rate, state;

-- name: select_state
SELECT state FROM engine_tenantcontrol WHERE tenant_id = %s;

-- name: select_paused_of
-- Served by the primary key.
SELECT tenant_id FROM engine_tenantcontrol WHERE tenant_id = ANY (%s::text[]) AND state = 'paused';

-- name: select_lane_counts
SELECT tenant_id, lanes FROM engine_tenantcontrol WHERE tenant_id = ANY (%s::text[]);

-- name: select_shares_not_default
-- Also those changed of late: Redis may not have been told when somebody went back to the default.
SELECT tenant_id, weight, cap, database, rate, state FROM engine_tenantcontrol
WHERE weight <> 1 OR cap <> 0 OR database <> 'default' OR rate <> 0 OR state <> 'active'
   OR changed_at > now() - interval '1 day';

-- name: select_shares_of
SELECT tenant_id, lanes, weight, cap, rate, database, state, generation FROM engine_tenantcontrol
WHERE tenant_id = ANY (%s::text[]);

-- name: select_tenants_not_default
SELECT tenant_id FROM engine_tenantcontrol
WHERE weight <> 1 OR cap <> 0 OR rate <> 0 OR state <> 'active' ORDER BY state = 'active', tenant_id LIMIT %s;

-- name: count_tenants
SELECT count(*) FROM engine_tenantcontrol;

-- name: begin_abort
-- Written first, so that an abort that breaks off is known. Serves those who ask what became of the events.
WITH counted AS (
    UPDATE engine_tenantcontrol SET generation = generation + 1, changed_at = now() WHERE tenant_id = %(tenant)s
    RETURNING generation, lanes
), written AS (
    INSERT INTO engine_abort (tenant_id, generation, aborted_by, begun_at, journalled)
    SELECT %(tenant)s, generation, %(by)s, clock_timestamp(), (SELECT last_value FROM engine_journal_id_seq)
    FROM counted
)
SELECT generation, lanes FROM counted;

-- name: end_abort_returning_share
WITH written AS (
    UPDATE engine_abort
    SET ended_at = clock_timestamp(), events = %(events)s, journalled = (SELECT last_value FROM engine_journal_id_seq)
    WHERE tenant_id = %(tenant)s AND generation = %(generation)s AND ended_at IS NULL
)
SELECT tenant_id, weight, cap, database, rate, state FROM engine_tenantcontrol WHERE tenant_id = %(tenant)s;
