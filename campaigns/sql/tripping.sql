-- The hour's counts of campaigns, and stopping one that passes a limit.

-- name: add_to_tallies
-- An hour that is over begins anew; a campaign that was deleted since is passed over. In key order, so that two
-- bundles cannot deadlock; the last statement of a transaction, so that nobody waits long. Served by the primary keys.
INSERT INTO campaigns_tally AS t (tenant_id, campaign_id, since, runs, failures, loops)
SELECT w.tenant_id, w.campaign_id, %s, w.runs, w.failures, w.loops
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS w (tenant_id, campaign_id, runs, failures, loops)
JOIN campaigns_campaign AS c ON c.tenant_id = w.tenant_id AND c.id = w.campaign_id
ORDER BY w.tenant_id, w.campaign_id
ON CONFLICT (tenant_id, campaign_id) DO UPDATE SET
    since = CASE WHEN t.since > excluded.since - interval '1 hour' THEN t.since ELSE excluded.since END,
    runs = excluded.runs + CASE WHEN t.since > excluded.since - interval '1 hour' THEN t.runs ELSE 0 END,
    failures = excluded.failures + CASE WHEN t.since > excluded.since - interval '1 hour' THEN t.failures ELSE 0 END,
    loops = excluded.loops + CASE WHEN t.since > excluded.since - interval '1 hour' THEN t.loops ELSE 0 END
RETURNING t.tenant_id, t.campaign_id, t.runs, t.failures, t.loops;

-- name: trip_campaigns
-- Those that still run; what was counted so far is over with them. Served by the primary keys.
WITH tripped AS (
    UPDATE campaigns_campaign AS c
    SET status = 'paused', pause_mode = 'freeze', tripped_at = %s, tripped_why = w.why
    FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS w (tenant_id, id, why)
    WHERE c.tenant_id = w.tenant_id AND c.id = w.id AND c.status = 'active'
    RETURNING c.tenant_id, c.id
)
DELETE FROM campaigns_tally AS t USING tripped AS c WHERE t.tenant_id = c.tenant_id AND t.campaign_id = c.id;
