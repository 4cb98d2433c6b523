-- What the audit asks (campaigns/audit/inspection.py). It reads as the worker role, which sees every tenant, and
-- keeps its own tables in the session: the database sorts and joins them on its disk, so that neither side
-- needs memory for the number of events.
--
-- An execution is what one transaction wrote of one event: its rows of campaigns_activity share the event's key,
-- the lead and the time. The event's own row has no campaign and names the event's id.

-- name: create_tables
CREATE TEMPORARY TABLE audit_accepted
    (place bigint, tenant_id text COLLATE "C", lead text COLLATE "C", event_id text, event_key uuid,
     accepted_at timestamptz);
CREATE TEMPORARY TABLE audit_aborts
    (tenant_id text COLLATE "C", begun_at timestamptz, ended_at timestamptz, events bigint);
CREATE TEMPORARY TABLE audit_missing
    (place bigint, tenant_id text COLLATE "C", lead text COLLATE "C", event_id text, is_done boolean, aborted boolean);
CREATE TEMPORARY TABLE audit_waiting (tenant_id text COLLATE "C", event_key uuid);
CREATE TEMPORARY TABLE audit_dead
    (tenant_id text COLLATE "C", lead text COLLATE "C", event_id text, event_key uuid);
CREATE TEMPORARY TABLE audit_retried (LIKE audit_dead);
CREATE TEMPORARY TABLE audit_executed
    (tenant_id text COLLATE "C", event_key uuid, lead_id bigint, recorded_at timestamptz, first_id bigint,
     last_id bigint, activities bigint, times bigint, event_id text, foreign_campaign boolean);

-- name: select_homes
-- On which database each tenant lives, as the directory says.
SELECT tenant_id, database FROM engine_tenantcontrol;

-- name: create_elsewhere
-- Tenants that live on another database than the one looked at.
CREATE TEMPORARY TABLE audit_elsewhere (tenant_id text COLLATE "C");

-- name: copy_elsewhere
COPY audit_elsewhere (tenant_id) FROM STDIN;

-- name: copy_accepted
COPY audit_accepted (place, tenant_id, lead, event_id, event_key, accepted_at) FROM STDIN;

-- name: select_aborts
-- One that broke off, or goes on, may have thrown away any number; it does not take longer than a minute.
SELECT tenant_id, begun_at, coalesce(ended_at, begun_at + interval '1 minute'), events FROM engine_abort;

-- name: copy_aborts
COPY audit_aborts (tenant_id, begun_at, ended_at, events) FROM STDIN;

-- name: copy_waiting
COPY audit_waiting (tenant_id, event_key) FROM STDIN;

-- name: select_outbox
-- What was thrown away does not wait.
SELECT o.tenant_id, o.events FROM engine_outbox AS o
LEFT JOIN engine_outboxaborted AS a ON a.tenant_id = o.tenant_id
WHERE (%(tenant)s::text IS NULL OR o.tenant_id = %(tenant)s)
  AND pg_visible_in_snapshot(o.transaction, a.snapshot) IS NOT TRUE;

-- name: select_spilled
-- Lane by lane from the last one read: served by the primary key. What was thrown away does not wait.
SELECT s.tenant_id, s.lane, s.number, s.event FROM engine_spill AS s
LEFT JOIN engine_lanemode AS m ON m.tenant_id = s.tenant_id AND m.lane = s.lane
WHERE (s.tenant_id, s.lane, s.number) > (%(tenant_id)s, %(lane)s, %(number)s)
  AND (%(tenant)s::text IS NULL OR s.tenant_id = %(tenant)s)
  AND (s.number BETWEEN m.aborted_from AND m.aborted_to) IS NOT TRUE
ORDER BY s.tenant_id, s.lane, s.number LIMIT %(limit)s;

-- name: begin_snapshot
-- All that follows sees one moment.
BEGIN ISOLATION LEVEL REPEATABLE READ;

-- name: select_dead_letters
-- Bytes that were no event have no id and are in no ledger. What a person dropped stays a dead letter.
SELECT tenant_id, lead, event_id FROM engine_deadletter
WHERE created_at >= %(since)s AND (%(tenant)s::text IS NULL OR tenant_id = %(tenant)s) AND event_id <> ''
  AND ended IS DISTINCT FROM 'retried';

-- name: select_retried
-- What a person retried is no dead letter any more, and was accepted anew.
SELECT tenant_id, lead, event_id FROM engine_deadletter
WHERE ended = 'retried' AND ended_at >= %(since)s AND (%(tenant)s::text IS NULL OR tenant_id = %(tenant)s);

-- name: insert_dead
INSERT INTO audit_dead (tenant_id, lead, event_id, event_key) VALUES (%s, %s, %s, %s);

-- name: insert_retried
INSERT INTO audit_retried (tenant_id, lead, event_id, event_key) VALUES (%s, %s, %s, %s);

-- name: gather_executions
-- The one reading of the activities: partitions before `since` are left out, the others are read through, because
-- they have no index by time.
INSERT INTO audit_executed
SELECT a.tenant_id, a.event_key, a.lead_id, a.recorded_at, min(a.id), max(a.id), count(*),
       count(*) FILTER (WHERE a.campaign_id IS NULL AND a.data ? 'event_id'),
       min(a.data ->> 'event_id') FILTER (WHERE a.campaign_id IS NULL),
       coalesce(bool_or(c.tenant_id <> a.tenant_id), false)
FROM campaigns_activity AS a
LEFT JOIN campaigns_campaign AS c ON c.id = a.campaign_id
WHERE a.recorded_at >= %(since)s AND (%(tenant)s::text IS NULL OR a.tenant_id = %(tenant)s)
GROUP BY a.tenant_id, a.event_key, a.lead_id, a.recorded_at;

-- name: index_tables
CREATE INDEX ON audit_accepted (tenant_id, event_key);
CREATE INDEX ON audit_waiting (tenant_id, event_key);
CREATE INDEX ON audit_dead (tenant_id, event_key);
CREATE INDEX ON audit_retried (tenant_id, event_key);
CREATE INDEX ON audit_executed (tenant_id, event_key);
ANALYZE audit_accepted, audit_waiting, audit_dead, audit_retried, audit_executed;

-- name: gather_missing
-- Accepted, but neither executed nor a dead letter nor waiting. Nobody can tell a single event that was thrown away
-- from one that was lost. But only so many were thrown away, and only what had been accepted when the abort ended:
-- the latest of these, since the oldest had been executed. What is more, or later, was lost. What was accepted for a
-- lead before it was erased is not missed: it was erased with it.
INSERT INTO audit_missing
SELECT place, tenant_id, lead, event_id, is_done,
       maybe AND (unknown OR row_number() OVER (PARTITION BY tenant_id, maybe ORDER BY place DESC) <= thrown)
FROM (
    SELECT a.*, NOT done.is_done AND b.events IS NOT NULL AS maybe, done.is_done, b.unknown, b.events AS thrown
    FROM (SELECT DISTINCT ON (tenant_id, event_key) * FROM audit_accepted ORDER BY tenant_id, event_key, place) AS a
    CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM engine_ledger AS l
                       WHERE l.tenant_id = a.tenant_id AND l.event_key = a.event_key) AS is_done
    ) AS done
    LEFT JOIN LATERAL (
        SELECT sum(coalesce(events, 0)) AS events, bool_or(events IS NULL) AS unknown FROM audit_aborts AS b
        WHERE b.tenant_id = a.tenant_id AND b.ended_at >= coalesce(a.accepted_at, b.ended_at)
    ) AS b ON true
    WHERE NOT EXISTS (SELECT FROM audit_executed AS x
                      WHERE x.tenant_id = a.tenant_id AND x.event_key = a.event_key AND x.times > 0)
      AND NOT EXISTS (SELECT FROM audit_dead AS d WHERE d.tenant_id = a.tenant_id AND d.event_key = a.event_key)
      AND NOT EXISTS (SELECT FROM audit_waiting AS w WHERE w.tenant_id = a.tenant_id AND w.event_key = a.event_key)
      AND NOT EXISTS (SELECT FROM campaigns_erasure AS e
                      WHERE e.tenant_id = a.tenant_id AND e.done_at >= coalesce(a.accepted_at, e.done_at)
                        AND e.key_hash = sha256(convert_to(a.tenant_id || ':' || a.lead, 'UTF8')))
) AS missing;

-- name: select_figures
SELECT (SELECT count(*) FROM (SELECT DISTINCT tenant_id, event_key FROM audit_accepted) AS a) AS accepted,
       (SELECT count(*) FROM audit_accepted) AS acceptances,
       (SELECT coalesce(sum(times), 0)::bigint FROM audit_executed) AS executed,
       (SELECT coalesce(sum(activities), 0)::bigint FROM audit_executed) AS activities,
       (SELECT count(*) FROM (SELECT DISTINCT tenant_id, lead_id FROM audit_executed) AS a) AS leads,
       (SELECT count(DISTINCT tenant_id) FROM audit_executed) AS tenants,
       (SELECT count(*) FROM audit_dead) AS dead,
       (SELECT count(*) FROM audit_missing WHERE aborted) AS aborted,
       (SELECT count(*) FROM (SELECT DISTINCT tenant_id, event_key FROM audit_waiting) AS a) AS waiting;

-- Each of the following names violations: tenant, lead, event, what is wrong.

-- name: find_lost
SELECT tenant_id, lead, event_id,
       CASE WHEN is_done THEN 'the ledger says it was done, but it is no activity and no dead letter'
            WHEN EXISTS (SELECT FROM audit_aborts AS b WHERE b.tenant_id = m.tenant_id)
            THEN 'it is nowhere, and not among as many as the aborts of this tenant threw away'
            ELSE 'it is nowhere' END
FROM audit_missing AS m WHERE NOT aborted ORDER BY place;

-- name: find_done_twice
-- An id may be used again after a day or two; then the ledger has a row for each.
SELECT x.tenant_id, l.key, coalesce(x.event_id, x.event_key::text),
       format('executed %%s times, the ledger knows of %%s', x.times, known.times)
FROM (
    SELECT tenant_id, event_key, max(lead_id) AS lead_id, max(event_id) AS event_id, sum(times) AS times
    FROM audit_executed GROUP BY tenant_id, event_key HAVING sum(times) > 1
) AS x
CROSS JOIN LATERAL (
    SELECT count(*) AS times FROM engine_ledger AS e WHERE e.tenant_id = x.tenant_id AND e.event_key = x.event_key
) AS known
LEFT JOIN campaigns_lead AS l ON l.id = x.lead_id
WHERE x.times > known.times;

-- name: find_split_executions
-- What one event caused is written by one transaction, with the event's own row once.
SELECT x.tenant_id, l.key, coalesce(x.event_id, x.event_key::text),
       format('%%s activities at %%s without the event they belong to', x.activities, x.recorded_at)
FROM audit_executed AS x
LEFT JOIN campaigns_lead AS l ON l.id = x.lead_id
WHERE x.times = 0;

-- name: find_known_twice
-- The ledger itself lets no id in on two days that follow one another.
SELECT a.tenant_id, NULL, a.event_key::text, format('in the ledger of %%s and of %%s', a.day, b.day)
FROM engine_ledger AS a
JOIN engine_ledger AS b ON b.tenant_id = a.tenant_id AND b.event_key = a.event_key AND b.day = a.day + 1
WHERE a.day >= (%(since)s::timestamptz AT TIME ZONE 'UTC')::date - 1
  AND (%(tenant)s::text IS NULL OR a.tenant_id = %(tenant)s);

-- name: find_overtaken
-- Executed before an event of the same lead that was accepted earlier. An event that was accepted before an abort and
-- again after it is left out: which of the two was executed is not known. So is a retried one, accepted anew.
SELECT tenant_id, lead, event_id, format('executed before %%s, which was accepted earlier', earlier)
FROM (
    SELECT *, max(first_id) OVER earlier_ones AS latest,
           (array_agg(event_id) OVER earlier_ones)[1] AS earlier
    FROM (
        SELECT DISTINCT ON (a.tenant_id, a.event_key) a.tenant_id, a.lead, a.event_id, a.place, x.first_id
        FROM audit_accepted AS a
        JOIN audit_executed AS x ON x.tenant_id = a.tenant_id AND x.event_key = a.event_key AND x.times > 0
        WHERE NOT EXISTS (
            SELECT FROM audit_aborts AS b
            JOIN audit_accepted AS again ON again.tenant_id = b.tenant_id AND again.event_key = a.event_key
            JOIN audit_accepted AS first ON first.tenant_id = b.tenant_id AND first.event_key = a.event_key
            WHERE b.tenant_id = a.tenant_id AND first.place < again.place
              AND coalesce(first.accepted_at <= b.ended_at, true) AND coalesce(again.accepted_at >= b.begun_at, true))
          AND NOT EXISTS (SELECT FROM audit_retried AS r
                          WHERE r.tenant_id = a.tenant_id AND r.event_key = a.event_key)
        ORDER BY a.tenant_id, a.event_key, a.place, x.first_id
    ) AS once
    WINDOW earlier_ones AS (PARTITION BY tenant_id, lead ORDER BY place
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
) AS ordered
WHERE first_id < latest;

-- name: find_interleaved
-- A lead's row is locked from the first read to the commit, so no two events' activities mix.
SELECT x.tenant_id, l.key, coalesce(x.event_id, x.event_key::text),
       format('its activities from %%s on stand among those of %%s', x.first_id, x.other)
FROM (
    SELECT *, max(last_id) OVER before AS reached, lag(coalesce(event_id, event_key::text)) OVER before AS other
    FROM audit_executed
    WINDOW before AS (PARTITION BY tenant_id, lead_id ORDER BY first_id
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
) AS x
LEFT JOIN campaigns_lead AS l ON l.id = x.lead_id
WHERE x.first_id < x.reached;

-- name: find_foreign_leads
SELECT x.tenant_id, l.key, coalesce(x.event_id, x.event_key::text), format('done to a lead of %%s', l.tenant_id)
FROM audit_executed AS x
JOIN campaigns_lead AS l ON l.id = x.lead_id
WHERE l.tenant_id <> x.tenant_id;

-- name: find_foreign_campaigns
SELECT x.tenant_id, l.key, coalesce(x.event_id, x.event_key::text), 'a campaign of another tenant took part'
FROM audit_executed AS x
LEFT JOIN campaigns_lead AS l ON l.id = x.lead_id
WHERE x.foreign_campaign;

-- name: find_unknown_tenants
SELECT x.tenant_id, NULL, x.event_id, 'there is no such tenant'
FROM (SELECT tenant_id, max(event_id) AS event_id FROM audit_executed GROUP BY tenant_id
      UNION ALL SELECT tenant_id, max(event_id) FROM audit_dead GROUP BY tenant_id) AS x
WHERE NOT EXISTS (SELECT FROM campaigns_tenant AS t WHERE t.id = x.tenant_id);

-- name: find_misplaced
-- Their leads and campaigns are not here, so what was done here was done to nobody.
SELECT x.tenant_id, NULL, max(x.event_id), 'executed on a database where the tenant does not live'
FROM audit_executed AS x JOIN audit_elsewhere AS e ON e.tenant_id = x.tenant_id
GROUP BY x.tenant_id;

-- name: find_other_leads
-- Executed on another lead of its tenant than the one it was accepted for, or the one that this one was merged into.
SELECT a.tenant_id, a.lead, a.event_id, format('done to the lead %%s', l.key)
FROM audit_accepted AS a
JOIN audit_executed AS x ON x.tenant_id = a.tenant_id AND x.event_key = a.event_key AND x.times > 0
JOIN campaigns_lead AS l ON l.id = x.lead_id AND l.tenant_id = a.tenant_id
WHERE l.key <> a.lead AND NOT EXISTS (
    SELECT FROM campaigns_lead AS merged WHERE merged.tenant_id = a.tenant_id AND merged.key = a.lead
        AND merged.merged_into = coalesce(l.merged_into, l.id)
) AND NOT EXISTS (
    SELECT FROM campaigns_erasure AS e -- who was anonymised has another key
    WHERE e.tenant_id = a.tenant_id AND e.done_at >= coalesce(a.accepted_at, e.done_at)
      AND e.key_hash = sha256(convert_to(a.tenant_id || ':' || a.lead, 'UTF8'))
);

-- name: find_strayed
-- Accepted for one tenant, executed for another that never sent it.
SELECT a.tenant_id, a.lead, a.event_id, format('executed for %%s', x.tenant_id)
FROM audit_accepted AS a
JOIN audit_executed AS x ON x.event_key = a.event_key AND x.tenant_id <> a.tenant_id AND x.times > 0
WHERE NOT EXISTS (SELECT FROM audit_executed AS own
                  WHERE own.tenant_id = a.tenant_id AND own.event_key = a.event_key AND own.times > 0)
  AND NOT EXISTS (SELECT FROM audit_accepted AS b WHERE b.tenant_id = x.tenant_id AND b.event_key = a.event_key);

-- name: find_executed_unknown
-- Effects that the ledger does not know would be repeated. Served by the ledger's primary key.
SELECT x.tenant_id, l.key, x.event_id, 'executed, but not in the ledger'
FROM audit_executed AS x
LEFT JOIN campaigns_lead AS l ON l.id = x.lead_id
WHERE x.times > 0 AND x.recorded_at >= %(ledger_since)s
  AND NOT EXISTS (SELECT FROM engine_ledger AS e WHERE e.tenant_id = x.tenant_id AND e.event_key = x.event_key)
ORDER BY x.first_id;

-- name: find_dead_unknown
SELECT d.tenant_id, d.lead, d.event_id, 'a dead letter, but not in the ledger'
FROM audit_dead AS d
WHERE NOT EXISTS (SELECT FROM engine_ledger AS e WHERE e.tenant_id = d.tenant_id AND e.event_key = d.event_key);

-- name: find_dead_executed
SELECT d.tenant_id, d.lead, d.event_id, 'a dead letter, but also executed'
FROM audit_dead AS d
CROSS JOIN LATERAL (
    SELECT coalesce(sum(x.times), 0) AS times FROM audit_executed AS x
    WHERE x.tenant_id = d.tenant_id AND x.event_key = d.event_key
) AS done
WHERE done.times > 0 AND done.times + 1 > (
    SELECT count(*) FROM engine_ledger AS e WHERE e.tenant_id = d.tenant_id AND e.event_key = d.event_key
);
