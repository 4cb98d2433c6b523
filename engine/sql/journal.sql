-- name: insert_row
-- The shared lock is taken before the id: who holds it alone for a moment (lock_rows) knows that every row with an
-- id up to the last one is there or will never be.
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(hashtext('engine_journal')))
INSERT INTO engine_journal (events, first_accepted_at, last_accepted_at, body)
SELECT %s, %s, %s, %s FROM held WHERE nextval('engine_queue_transactions') IS NOT NULL; -- counts it

-- name: limit_session
-- Who accepts events waits for this; a stuck database is told as such. A killed client lets go of its row at once.
SET statement_timeout = '5s'; SET client_connection_check_interval = '1s';

-- name: lock_rows
SELECT pg_advisory_xact_lock(hashtext('engine_journal'));

-- name: limit_wait_for_rows
SET LOCAL lock_timeout = '1s';

-- name: select_last_id
SELECT coalesce(max(id), 0) FROM engine_journal;

-- name: select_rows_after
-- Oldest first. Served by each partition's index on the id.
SELECT id, body, created_at < now() - make_interval(secs => %(age)s) FROM engine_journal
WHERE id > %(after)s AND id <= %(upto)s ORDER BY id LIMIT %(limit)s;

-- name: select_rows_before
-- Newest first.
SELECT id, body FROM engine_journal WHERE id > %(after)s AND id <= %(upto)s ORDER BY id DESC LIMIT %(limit)s;

-- name: select_state
SELECT settled, marker FROM engine_journalstate;

-- name: select_rows_aborted
-- Up to which row what was journalled of these tenants has been thrown away.
SELECT tenant_id, max(journalled) FROM engine_abort WHERE tenant_id = ANY (%s) GROUP BY tenant_id;

-- name: update_settled
INSERT INTO engine_journalstate (settled) VALUES (%s)
ON CONFLICT (single) DO UPDATE SET settled = greatest(engine_journalstate.settled, excluded.settled);

-- name: update_marker
INSERT INTO engine_journalstate (marker) VALUES (%s) ON CONFLICT (single) DO UPDATE SET marker = excluded.marker;

-- name: try_lock
-- Held until the session ends or unlock.
SELECT pg_try_advisory_lock(hashtext(%s));

-- name: unlock
SELECT pg_advisory_unlock(hashtext(%s));

-- name: keep_partitions
SELECT made, dropped, unsettled FROM engine_journal_partitions(%s);

-- name: drop_buffered
DROP TABLE IF EXISTS pg_temp.journal_buffered;

-- name: limit_note_buffered
SET LOCAL statement_timeout = '10min';

-- name: note_buffered
-- What the buffer holds when a rebuild begins, to be found by its bytes.
CREATE TEMPORARY TABLE journal_buffered AS
SELECT s.tenant_id, s.lane, s.number, md5(s.event)::uuid AS digest
FROM engine_spill AS s JOIN engine_lanemode AS m ON m.tenant_id = s.tenant_id AND m.lane = s.lane
WHERE s.number NOT BETWEEN m.aborted_from AND m.aborted_to;

-- name: index_buffered
CREATE INDEX ON pg_temp.journal_buffered (tenant_id, lane, digest);

-- name: select_buffered
SELECT w.place, b.number
FROM unnest(%s::text[], %s::smallint[], %s::uuid[]) WITH ORDINALITY AS w (tenant_id, lane, digest, place)
JOIN pg_temp.journal_buffered AS b ON b.tenant_id = w.tenant_id AND b.lane = w.lane AND b.digest = w.digest;

-- name: lock_modes_of_places
-- As producers lock theirs (spill.sql), in the same order.
INSERT INTO engine_lanemode (tenant_id, lane)
SELECT w.tenant_id, w.lane FROM unnest(%s::text[], %s::smallint[]) AS w (tenant_id, lane) ORDER BY 1, 2
ON CONFLICT (tenant_id, lane) DO UPDATE SET tenant_id = excluded.tenant_id
RETURNING tenant_id, lane, bottom;

-- name: insert_events_in_front
INSERT INTO engine_spill (tenant_id, lane, number, accepted_at, event)
SELECT * FROM unnest(%s::text[], %s::smallint[], %s::bigint[], %s::timestamptz[], %s::bytea[]);

-- name: update_modes_to_rebuilt
-- Blind: what Redis may still hold of such a lane is merged with it by time of acceptance. The epoch rises, so that
-- whoever leased the lane before takes nothing from here. An abort reaches from the first number to the last one, above
-- zero.
UPDATE engine_lanemode AS m
SET spill = true, blind = true, epoch = m.epoch + 1, bottom = w.bottom, last = greatest(m.last, 1)
FROM unnest(%s::text[], %s::smallint[], %s::bigint[]) AS w (tenant_id, lane, bottom)
WHERE m.tenant_id = w.tenant_id AND m.lane = w.lane
RETURNING m.tenant_id, m.lane, m.spill, m.epoch;

-- name: select_oldest_in_buffer
SELECT w.place, s.accepted_at
FROM unnest(%s::text[], %s::smallint[]) WITH ORDINALITY AS w (tenant_id, lane, place)
CROSS JOIN LATERAL (
    SELECT accepted_at FROM engine_spill AS s
    WHERE s.tenant_id = w.tenant_id AND s.lane = w.lane ORDER BY number LIMIT 1
) AS s;
