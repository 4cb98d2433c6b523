-- What came of a load: every event is an activity of the kind purchase, and its id the number it was sent with.

-- name: select_faults
-- Events done, those done more than once, those that came after a later one of their lead.
SELECT count(*), count(*) - count(DISTINCT number), count(*) FILTER (WHERE number < before)
FROM (
    SELECT (data->>'event_id')::bigint AS number,
        lag((data->>'event_id')::bigint) OVER (PARTITION BY tenant_id, lead_id ORDER BY id) AS before
    FROM campaigns_activity WHERE kind = 'purchase'
) AS done;

-- name: select_waits
-- Seconds from acceptance to the transaction of the effects, of the events accepted within a time.
SELECT coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY wait), 0),
    coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY wait), 0)
FROM (
    SELECT extract(epoch FROM recorded_at - occurred_at) AS wait FROM campaigns_activity
    WHERE kind = 'purchase' AND occurred_at >= %s AND occurred_at < %s
) AS done;
