-- name: claim_events_not_done
-- Dedup and fence in one, and the first statement of the effects transaction: whoever holds a key uncommitted
-- makes the other wait here. In key order, so that two owners of the same bundle cannot deadlock. The look at
-- the day before, and at the day after once it may hold rows (an hour early: clocks differ), keeps an id
-- unique for at least 24 hours across midnight, whichever of the two comes first. Served by the primary key.
INSERT INTO engine_ledger (tenant_id, event_key, day)
SELECT e.tenant_id, e.event_key, e.day
FROM (
    SELECT tenant_id, event_key, day,
           CASE WHEN day < ((now() + interval '1 hour') AT TIME ZONE 'UTC')::date THEN day + 1
                ELSE day - 1 END AS other_day
    FROM unnest(%s::text[], %s::uuid[], %s::date[]) AS given (tenant_id, event_key, day)
) AS e
WHERE NOT EXISTS (
    SELECT FROM engine_ledger AS l
    WHERE l.tenant_id = e.tenant_id AND l.event_key = e.event_key AND l.day IN (e.day - 1, e.other_day)
)
ORDER BY e.tenant_id, e.event_key
ON CONFLICT DO NOTHING
RETURNING tenant_id, event_key;

-- name: select_event_done
SELECT EXISTS (
    SELECT FROM engine_ledger
    WHERE tenant_id = %s AND event_key = %s AND day BETWEEN %s::date - 1 AND %s::date + 1
);

-- name: select_events_not_done
-- Places of the given events that the ledger does not know. A look-up each: as a join, a plan that reads whole days
-- would be possible. Served by the primary key.
SELECT w.place FROM unnest(%s::text[], %s::uuid[], %s::date[]) WITH ORDINALITY AS w (tenant_id, event_key, day, place)
WHERE (
    SELECT true FROM engine_ledger AS l
    WHERE l.tenant_id = w.tenant_id AND l.event_key = w.event_key AND l.day BETWEEN w.day - 1 AND w.day + 1 LIMIT 1
) IS NULL
ORDER BY w.place;

-- name: insert_dead_letter
INSERT INTO engine_deadletter
    (tenant_id, lane, lead, event_id, event_type, payload, error, attempts, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now());

-- name: ensure_partitions
SELECT engine_ledger_partitions(%s);
