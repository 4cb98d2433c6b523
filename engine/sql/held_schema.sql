-- How many a lane's buffer holds. Those numbered above 0 exactly, for they leave at the first number: from the first that
-- is not aborted to the last, less what of them is. Of those in front, below 0, from the first to the last: rather more than
-- there are.
CREATE OR REPLACE FUNCTION engine_spill_held(mode engine_lanemode) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(last - first + 1
        - greatest(0, least(last, mode.aborted_to) - greatest(first, mode.aborted_from) + 1)), 0)::bigint
    FROM (
        SELECT min(number) AS first, max(number) AS last FROM engine_spill AS s
        WHERE s.tenant_id = mode.tenant_id AND s.lane = mode.lane AND s.number < 0
        UNION ALL
        SELECT coalesce(
            (SELECT min(number) FROM engine_spill AS s
             WHERE s.tenant_id = mode.tenant_id AND s.lane = mode.lane AND s.number > 0
               AND s.number < mode.aborted_from),
            (SELECT min(number) FROM engine_spill AS s
             WHERE s.tenant_id = mode.tenant_id AND s.lane = mode.lane AND s.number > greatest(0, mode.aborted_to))
        ), mode.last
    ) AS ranges
$$;
