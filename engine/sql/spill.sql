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
    AS w (lane, number, accepted_at, event);

-- name: update_modes_to_spill
UPDATE engine_lanemode AS m SET spill = true, blind = m.blind OR %(blind)s, last = w.last
FROM unnest(%(lanes)s::smallint[], %(lasts)s::bigint[]) AS w (lane, last)
WHERE m.tenant_id = %(tenant)s AND m.lane = w.lane;

-- name: set_tenant_of_transaction
SELECT set_config('fairlane.tenant', %s, true);

-- name: select_events_next
-- The oldest of each lane; nobody else takes them while the lane is leased, and what a zombie takes is gone.
SELECT w.tenant_id, w.lane, s.number, s.accepted_at, s.event
FROM unnest(%s::text[], %s::smallint[], %s::int[]) AS w (tenant_id, lane, count)
CROSS JOIN LATERAL (
    SELECT number, accepted_at, event FROM engine_spill AS s
    WHERE s.tenant_id = w.tenant_id AND s.lane = w.lane ORDER BY number LIMIT w.count
) AS s
ORDER BY w.tenant_id, w.lane, s.number;

-- name: select_lanes_blind
SELECT m.tenant_id, m.lane FROM unnest(%s::text[], %s::smallint[]) AS w (tenant_id, lane)
JOIN engine_lanemode AS m ON m.tenant_id = w.tenant_id AND m.lane = w.lane
WHERE m.blind AND m.spill;

-- name: delete_events_done
DELETE FROM engine_spill AS s
USING unnest(%s::text[], %s::smallint[], %s::bigint[]) AS w (tenant_id, lane, number)
WHERE s.tenant_id = w.tenant_id AND s.lane = w.lane AND s.number = w.number;

-- name: lock_modes_drained
-- Lanes where fewer events were left than were asked for; producers wait for the row meanwhile.
SELECT m.tenant_id, m.lane FROM unnest(%s::text[], %s::smallint[]) AS w (tenant_id, lane)
JOIN engine_lanemode AS m ON m.tenant_id = w.tenant_id AND m.lane = w.lane
ORDER BY m.tenant_id, m.lane FOR UPDATE OF m;

-- name: update_modes_to_direct_if_empty
-- A statement of its own, after the lock: its snapshot sees what producers committed before they let go.
UPDATE engine_lanemode AS m SET spill = false, blind = false, epoch = m.epoch + 1
FROM unnest(%s::text[], %s::smallint[]) AS w (tenant_id, lane)
WHERE m.tenant_id = w.tenant_id AND m.lane = w.lane AND m.spill
  AND NOT EXISTS (SELECT FROM engine_spill AS s WHERE s.tenant_id = m.tenant_id AND s.lane = m.lane);

-- name: select_modes
SELECT m.tenant_id, m.lane, m.spill, m.epoch FROM unnest(%s::text[], %s::smallint[]) AS w (tenant_id, lane)
JOIN engine_lanemode AS m ON m.tenant_id = w.tenant_id AND m.lane = w.lane;

-- name: select_modes_in_spill
-- Served by the partial index.
SELECT tenant_id, lane, epoch FROM engine_lanemode
WHERE spill AND (tenant_id, lane) > (%s, %s) AND (blind OR %s) ORDER BY tenant_id, lane LIMIT %s;

-- name: count_spilled_by_tenant
SELECT tenant_id, count(*), min(accepted_at) FROM engine_spill GROUP BY tenant_id;
