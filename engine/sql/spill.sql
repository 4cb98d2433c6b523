-- name: lock_modes
-- Producers and the consumer of a lane meet at this row. In lane order, so that two cannot deadlock.
INSERT INTO engine_lanemode (tenant_id, lane)
SELECT %(tenant)s, w.lane FROM unnest(%(lanes)s::smallint[]) AS w (lane) ORDER BY w.lane
ON CONFLICT (tenant_id, lane) DO UPDATE SET tenant_id = excluded.tenant_id
RETURNING lane, epoch, spill, last;

-- name: select_first_numbers
-- Served by the primary key: one index look-up a lane.
SELECT w.lane, (SELECT min(s.number) FROM engine_spill AS s WHERE s.tenant_id = %(tenant)s AND s.lane = w.lane)
FROM unnest(%(lanes)s::smallint[]) AS w (lane);

-- name: insert_events
INSERT INTO engine_spill (tenant_id, lane, number, accepted_at, event)
SELECT %(tenant)s, w.lane, w.number, w.accepted_at, w.event
FROM unnest(%(lanes)s::smallint[], %(numbers)s::bigint[], %(times)s::timestamptz[], %(events)s::bytea[])
    AS w (lane, number, accepted_at, event)
WHERE nextval('engine_spilled_events') IS NOT NULL; -- counts them

-- name: update_modes_to_spill
UPDATE engine_lanemode AS m SET spill = true, blind = m.blind OR %(blind)s, last = w.last
FROM unnest(%(lanes)s::smallint[], %(lasts)s::bigint[]) AS w (lane, last)
WHERE m.tenant_id = %(tenant)s AND m.lane = w.lane;

-- name: set_tenant_of_transaction
-- And count it: it will write.
SELECT set_config('fairlane.tenant', %s, true), nextval('engine_queue_transactions');

-- name: select_events_next
-- The oldest of each lane that is still at the given epoch; at a later one, its part in Redis may be older again.
-- Nobody else takes them while the lane is leased, and what a zombie takes is gone.
SELECT w.tenant_id, w.lane, s.number, s.event
FROM unnest(%s::text[], %s::smallint[], %s::bigint[], %s::int[]) AS w (tenant_id, lane, epoch, count)
JOIN engine_lanemode AS m ON m.tenant_id = w.tenant_id AND m.lane = w.lane AND m.epoch = w.epoch
CROSS JOIN LATERAL (
    SELECT number, event FROM engine_spill AS s
    WHERE s.tenant_id = w.tenant_id AND s.lane = w.lane ORDER BY number LIMIT w.count
) AS s
ORDER BY w.tenant_id, w.lane, s.number;

-- name: select_lanes_blind
-- Asked for every bundle; served by the partial index, which is empty as long as Redis can be asked.
SELECT m.tenant_id, m.lane, m.epoch FROM unnest(%s::text[], %s::smallint[]) AS w (tenant_id, lane)
JOIN engine_lanemode AS m ON m.tenant_id = w.tenant_id AND m.lane = w.lane
WHERE m.blind;

-- name: delete_events_done
-- And count the transaction.
WITH gone AS (
    DELETE FROM engine_spill AS s
    USING unnest(%s::text[], %s::smallint[], %s::bigint[]) AS w (tenant_id, lane, number)
    WHERE s.tenant_id = w.tenant_id AND s.lane = w.lane AND s.number = w.number
    RETURNING true
)
SELECT nextval('engine_queue_transactions') FROM (SELECT FROM gone LIMIT 1) AS any_row;

-- name: insert_modes_missing
-- Of lanes that Redis moved to spill mode before anything was written here.
WITH added AS (
    INSERT INTO engine_lanemode (tenant_id, lane)
    SELECT w.tenant_id, w.lane FROM unnest(%s::text[], %s::smallint[]) AS w (tenant_id, lane)
    WHERE NOT EXISTS (SELECT FROM engine_lanemode AS m WHERE m.tenant_id = w.tenant_id AND m.lane = w.lane)
    ORDER BY w.tenant_id, w.lane ON CONFLICT DO NOTHING
    RETURNING true
)
SELECT nextval('engine_queue_transactions') FROM (SELECT FROM added LIMIT 1) AS any_row;

-- name: lock_modes_free
-- Producers wait for these rows meanwhile; a lane that a producer is writing to is passed by.
SELECT m.tenant_id, m.lane FROM unnest(%s::text[], %s::smallint[]) AS w (tenant_id, lane)
JOIN engine_lanemode AS m ON m.tenant_id = w.tenant_id AND m.lane = w.lane
FOR UPDATE OF m SKIP LOCKED;

-- name: update_modes_to_direct_if_empty
-- A statement of its own, after the lock: its snapshot sees what producers committed before they let go. The epoch
-- rises also where nothing was ever written: a producer that was told to spill may still be on its way.
WITH closed AS (
    UPDATE engine_lanemode AS m SET spill = false, blind = false, epoch = m.epoch + 1
    FROM unnest(%s::text[], %s::smallint[]) AS w (tenant_id, lane)
    WHERE m.tenant_id = w.tenant_id AND m.lane = w.lane
      AND NOT EXISTS (SELECT FROM engine_spill AS s WHERE s.tenant_id = m.tenant_id AND s.lane = m.lane)
    RETURNING true
)
SELECT nextval('engine_queue_transactions') FROM (SELECT FROM closed LIMIT 1) AS any_row;

-- name: select_modes
SELECT m.tenant_id, m.lane, m.spill, m.epoch FROM unnest(%s::text[], %s::smallint[]) AS w (tenant_id, lane)
JOIN engine_lanemode AS m ON m.tenant_id = w.tenant_id AND m.lane = w.lane;

-- name: select_modes_in_spill
-- Served by the partial index.
SELECT tenant_id, lane, epoch FROM engine_lanemode
WHERE spill AND (tenant_id, lane) > (%s, %s) AND (blind OR %s) ORDER BY tenant_id, lane LIMIT %s;
