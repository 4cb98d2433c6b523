-- A dead letter that a person has dealt with stays for some days, so that an audit can tell a decision from a loss.
ALTER TABLE engine_deadletter ADD CONSTRAINT engine_deadletter_ended
    CHECK ((ended IS NULL) = (ended_at IS NULL) AND (ended IS NULL OR ended IN ('retried', 'dropped')));
CREATE INDEX engine_deadletter_over ON engine_deadletter (ended_at) WHERE ended IS NOT NULL;

-- Marks letters of the transaction's tenant as retried and takes their events out of the ledger (where a day is given),
-- so that they are executed once more. Runs as the owner: who may see dead letters may not touch the ledger. Returns how many.
CREATE FUNCTION engine_deadletters_release(letters bigint[], keys uuid[], days date[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    released bigint;
BEGIN
    WITH given AS (
        SELECT * FROM unnest(letters, keys, days) AS g (letter, event_key, day)
    ), ended AS (
        UPDATE engine_deadletter AS d SET ended = 'retried', ended_at = now()
        FROM given AS g
        WHERE d.id = g.letter AND d.ended IS NULL
          AND d.tenant_id = NULLIF(current_setting('fairlane.tenant', true), '')
        RETURNING d.tenant_id, g.event_key, g.day
    ), forgotten AS (
        DELETE FROM engine_ledger AS l USING ended AS e
        WHERE l.tenant_id = e.tenant_id AND l.event_key = e.event_key AND l.day = e.day
    )
    SELECT count(*) INTO released FROM ended;
    RETURN released;
END $$;
REVOKE ALL ON FUNCTION engine_deadletters_release(bigint[], uuid[], date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION engine_deadletters_release(bigint[], uuid[], date[]) TO fairlane_app, fairlane_worker;
