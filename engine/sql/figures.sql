-- Figures of back pressure, for people. Each costs the same whatever waits.

-- name: select_queue_writes
-- Events ever spilled; rows written to the tables of queues since PostgreSQL's statistics began, which a crash of it
-- ends; transactions that wrote them. A session at rest tells its rows within ten seconds. Rows of the journal are
-- counted by their ids: the statistics of a partition go when it is dropped.
SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM engine_spilled_events),
    (SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables
     WHERE schemaname = 'public' AND relname IN ('engine_outbox', 'engine_spill', 'engine_lanemode'))
    + (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM engine_journal_id_seq),
    (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM engine_queue_transactions);

-- name: select_backlogs
-- By tenant: events spilled, the oldest, lanes in spill mode; the most events first. Events leave at the first
-- number, but for those of blind lanes: of these it is the most there can be. Served by the partial index and the
-- primary key, one look-up a lane; of more lanes than the limit those of the first tenants are looked at.
SELECT m.tenant_id, coalesce(sum(m.held), 0)::bigint, min(s.accepted_at), count(*)
FROM (
    SELECT tenant_id, lane, engine_spill_first(l) AS first, engine_spill_held(l) AS held FROM engine_lanemode AS l
    WHERE spill ORDER BY tenant_id, lane LIMIT %(lanes)s
) AS m
LEFT JOIN engine_spill AS s ON s.tenant_id = m.tenant_id AND s.lane = m.lane AND s.number = m.first
GROUP BY m.tenant_id ORDER BY 2 DESC, m.tenant_id LIMIT %(tenants)s;
