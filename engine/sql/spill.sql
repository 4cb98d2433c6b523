-- name: lock_modes
-- Producers and the consumer of a lane meet at this row. In lane order, so that two cannot deadlock.
INSERT INTO engine_lanemode (tenant_id, lane)
SELECT %(tenant)s, w.lane FROM unnest(%(lanes)s::smallint[]) AS w (lane) ORDER BY w.lane
ON CONFLICT (tenant_id, lane) DO UPDATE SET tenant_id = excluded.tenant_id
RETURNING lane, epoch, spill, last;

-- name: select_held
-- Served by the primary key: an index look-up or two a lane.
SELECT m.lane, engine_spill_held(m) FROM engine_lanemode AS m
WHERE m.tenant_id = %(tenant)s AND m.lane = ANY (%(lanes)s::smallint[]);

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

-- name: begin_for_tenant
-- And count the transaction: it will write. Who stands still while it holds lanes, or is cut off, is ended by the
-- server: others wait for these rows.
SELECT set_config('fairlane.tenant', %s, true), nextval('engine_queue_transactions'),
    set_config('lock_timeout', '2s', true), set_config('statement_timeout', '10s', true),
    set_config('idle_in_transaction_session_timeout', '5s', true);

-- name: select_events_next
-- The oldest of each lane that is still at the given epoch; at a later one, its part in Redis may be older again.
-- Nobody else takes them while the lane is leased, and what a zombie takes is gone. Those aborted are passed by.
SELECT w.tenant_id, w.lane, s.number, s.event
FROM unnest(%s::text[], %s::smallint[], %s::bigint[], %s::int[]) AS w (tenant_id, lane, epoch, count)
JOIN engine_lanemode AS m ON m.tenant_id = w.tenant_id AND m.lane = w.lane AND m.epoch = w.epoch
CROSS JOIN LATERAL (
    (SELECT number, event FROM engine_spill AS s
     WHERE s.tenant_id = w.tenant_id AND s.lane = w.lane AND s.number < m.aborted_from ORDER BY number LIMIT w.count)
    UNION ALL
    (SELECT number, event FROM engine_spill AS s
     WHERE s.tenant_id = w.tenant_id AND s.lane = w.lane AND s.number > m.aborted_to ORDER BY number LIMIT w.count)
    ORDER BY number LIMIT w.count
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
    WHERE m.tenant_id = w.tenant_id AND m.lane = w.lane AND engine_spill_first(m) IS NULL
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

-- name: select_modes_after
-- All lanes that ever spilled, a page at a time. Served by the primary key.
SELECT tenant_id, lane, spill, epoch FROM engine_lanemode
WHERE (tenant_id, lane) > (%s, %s) ORDER BY tenant_id, lane LIMIT %s;

-- name: count_held_of_tenant
-- Without reading them: served by the primary key.
SELECT coalesce(sum(engine_spill_held(m)), 0)::bigint FROM engine_lanemode AS m WHERE m.tenant_id = %(tenant)s;

-- name: lock_modes_of_tenant
-- Producers wait meanwhile. In lane order, so that two cannot deadlock.
SELECT FROM engine_lanemode WHERE tenant_id = %(tenant)s ORDER BY lane FOR UPDATE;

-- name: abort_held_returning_count
-- What is held, less what a worker has in hand: the first so many of a lane. A range that is not removed yet is
-- widened, never left: then the few in hand beyond it count as aborted too, though they may be executed.
WITH held AS (
    SELECT m.tenant_id, m.lane, m.last, engine_spill_held(m) AS count,
           engine_spill_first(m) + CASE WHEN w.buffered OR m.blind THEN coalesce(w.count, 0) ELSE 0 END AS beyond,
           CASE WHEN EXISTS (SELECT FROM engine_spill AS s WHERE s.tenant_id = m.tenant_id AND s.lane = m.lane
                             AND s.number BETWEEN m.aborted_from AND m.aborted_to)
                THEN m.aborted_from END AS left_over
    FROM engine_lanemode AS m
    LEFT JOIN unnest(%(lanes)s::smallint[], %(counts)s::bigint[], %(buffered)s::boolean[]) AS w (lane, count, buffered)
        ON w.lane = m.lane
    WHERE m.tenant_id = %(tenant)s
), gone AS (
    UPDATE engine_lanemode AS m SET aborted_from = least(h.beyond, h.left_over), aborted_to = h.last
    FROM held AS h
    WHERE m.tenant_id = h.tenant_id AND m.lane = h.lane AND h.count > 0 AND h.beyond <= h.last
    RETURNING engine_spill_held(m) AS kept, h.count
)
SELECT coalesce(sum(count - kept), 0)::bigint FROM gone;

-- name: select_lanes_aborted
-- Served by the partial index.
SELECT tenant_id, lane, aborted_from, aborted_to FROM engine_lanemode WHERE aborted_to > 0 ORDER BY 1, 2 LIMIT %s;

-- name: delete_events_aborted
-- A row that its executor is removing is left to it.
DELETE FROM engine_spill AS s USING (
    SELECT tenant_id, lane, number FROM engine_spill
    WHERE tenant_id = %(tenant)s AND lane = %(lane)s AND number BETWEEN %(first)s AND %(last)s
    ORDER BY number LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS w WHERE s.tenant_id = w.tenant_id AND s.lane = w.lane AND s.number = w.number;

-- name: forget_range_if_removed
-- And no older events are left either: their number is reckoned with it.
UPDATE engine_lanemode SET aborted_from = 0, aborted_to = 0
WHERE tenant_id = %(tenant)s AND lane = %(lane)s AND aborted_from = %(first)s AND aborted_to = %(last)s
  AND NOT EXISTS (SELECT FROM engine_spill AS s WHERE s.tenant_id = %(tenant)s AND s.lane = %(lane)s
                  AND s.number <= %(last)s);
