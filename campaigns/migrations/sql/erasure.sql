-- Erasures of leads and legal holds: row-level security, keys with the tenant, and the one way to change history.

SELECT fairlane_isolate('campaigns_erasure');
SELECT fairlane_isolate('campaigns_legalhold');

ALTER TABLE campaigns_erasure
    ADD CONSTRAINT campaigns_erasure_lead_same_tenant
        FOREIGN KEY (tenant_id, lead_id) REFERENCES campaigns_lead (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT campaigns_erasure_mode CHECK (mode IN ('anonymise', 'erase')),
    ADD CONSTRAINT campaigns_erasure_over CHECK (
        (turn_at IS NULL) = (done_at IS NOT NULL OR cancelled_at IS NOT NULL)
        AND (done_at IS NULL OR (cancelled_at IS NULL AND lead_id IS NULL)));
ALTER TABLE campaigns_legalhold
    ADD CONSTRAINT campaigns_legalhold_lead_same_tenant
        FOREIGN KEY (tenant_id, lead_id) REFERENCES campaigns_lead (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT campaigns_legalhold_lifted CHECK ((lifted_at IS NULL) = (lifted_because = ''));

CREATE FUNCTION campaigns_key_hash(tenant text, key text) RETURNS bytea LANGUAGE sql IMMUTABLE
RETURN sha256(convert_to(tenant || ':' || key, 'UTF8'));

-- Why a lead may not be erased: the reason of a hold on it, on one that was merged into it, or on the whole tenant.
CREATE FUNCTION campaigns_held(tenant text, lead bigint) RETURNS text LANGUAGE sql STABLE
SET search_path = public, pg_temp AS $$
    SELECT h.reason FROM campaigns_legalhold AS h
    WHERE h.tenant_id = tenant AND h.lifted_at IS NULL
      AND (h.lead_id IS NULL OR h.lead_id = lead OR EXISTS (
          SELECT FROM campaigns_lead AS l WHERE l.tenant_id = tenant AND l.id = h.lead_id AND l.merged_into = lead))
    ORDER BY h.id LIMIT 1
$$;

-- A row of another lead's history without these keys of leads.
CREATE FUNCTION campaigns_without_keys(data jsonb, keys text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE
SET search_path = public, pg_temp AS $$
DECLARE
    key text;
    name text;
    place text[];
BEGIN
    FOREACH key IN ARRAY keys LOOP
        FOREACH name IN ARRAY ARRAY['lead', 'loser', 'merged'] LOOP
            data := replace(data::text, format('"%s": %s', name, to_jsonb(key)), format('"%s": null', name))::jsonb;
        END LOOP;
    END LOOP;
    FOREACH place SLICE 1 IN ARRAY ARRAY[ARRAY['others', ''], ARRAY['data', 'others']] LOOP
        place := array_remove(place, '');
        IF jsonb_typeof(data #> place) = 'array' THEN
            data := jsonb_set(data, place, (data #> place) - keys);
        END IF;
    END LOOP;
    RETURN data;
END $$;

CREATE FUNCTION campaigns_erase_lead(erasure bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Does one erasure of the transaction's tenant that is due and not held, and nothing else: 'done', or what stands in
-- its way: 'held', 'waiting', 'busy'. Runs as the owner, for history is append-only to everybody else; the owner is
-- under the policies too, so it sees the transaction's tenant only.
DECLARE
    tenant text := NULLIF(current_setting('fairlane.tenant', true), '');
    asked campaigns_erasure;
    own bigint[]; -- the lead, and those who were merged into it
    keys text[];
    named bigint[]; -- leads that know these by their keys
BEGIN
    SELECT * INTO asked FROM campaigns_erasure AS e
    WHERE e.tenant_id = tenant AND e.id = erasure AND e.turn_at IS NOT NULL AND e.due_at <= now() FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'erasure % of the current tenant is not due', erasure USING ERRCODE = 'insufficient_privilege';
    END IF;

    PERFORM pg_advisory_xact_lock_shared(hashtext('campaigns_legal_hold'), hashtext(tenant));
    IF campaigns_held(tenant, asked.lead_id) IS NOT NULL THEN
        RETURN 'held';
    END IF;

    -- Locks: records in common, then leads in the order of their ids, as bundles take them; nobody is waited for.
    SELECT array_agg(l.id), array_agg(l.key) INTO own, keys FROM campaigns_lead AS l
    WHERE l.tenant_id = tenant AND (l.id = asked.lead_id OR l.merged_into = asked.lead_id);
    SELECT array_agg(DISTINCT l.id) INTO named FROM (
        SELECT unnest(ARRAY[a.data ->> 'lead', a.data #>> '{data,by,lead}']) AS key FROM campaigns_activity AS a
        WHERE a.tenant_id = tenant AND a.lead_id = ANY(own)
        UNION
        SELECT r.data ->> 'lead' FROM campaigns_record AS r
        WHERE r.tenant_id = tenant AND r.lead_id = ANY(own) AND r.kind IN ('related', 'referral')
    ) AS other JOIN campaigns_lead AS l ON l.tenant_id = tenant AND l.key = other.key AND l.id <> ALL(own);
    BEGIN
        PERFORM FROM campaigns_sharedrecord AS s
        WHERE s.tenant_id = tenant AND s.kind = 'seat' AND s.data -> 'leads' ?| keys
        ORDER BY s.kind, s.key FOR UPDATE NOWAIT;
        PERFORM FROM campaigns_lead AS l
        WHERE l.tenant_id = tenant AND l.id = ANY(own || named) ORDER BY l.id FOR UPDATE NOWAIT;
    EXCEPTION WHEN lock_not_available THEN
        RETURN 'busy';
    END;
    IF EXISTS (SELECT FROM campaigns_lead AS l WHERE l.tenant_id = tenant AND l.merged_into = asked.lead_id
               AND l.id <> ALL(own)) THEN
        RETURN 'busy'; -- somebody was merged into it just now
    END IF;

    -- What waits in PostgreSQL is executed first: the lead is frozen, so nothing comes of it.
    IF EXISTS (SELECT FROM engine_outbox AS o, unnest(keys) AS k (key) WHERE o.tenant_id = tenant
               AND position(convert_to('"lead":' || to_json(k.key)::text, 'UTF8') IN o.events) > 0)
       OR EXISTS (SELECT FROM engine_spill AS s, unnest(keys) AS k (key) WHERE s.tenant_id = tenant
                  AND position(convert_to('"lead":' || to_json(k.key)::text, 'UTF8') IN s.event) > 0) THEN
        RETURN 'waiting';
    END IF;

    -- What others know of it.
    UPDATE campaigns_activity AS a SET data = campaigns_without_keys(a.data, keys)
    WHERE a.tenant_id = tenant AND a.lead_id = ANY(named) AND campaigns_without_keys(a.data, keys) <> a.data;
    DELETE FROM campaigns_record AS r
    WHERE r.tenant_id = tenant AND r.lead_id = ANY(named) AND r.kind = 'related' AND r.data ->> 'lead' = ANY(keys);
    UPDATE campaigns_record AS r SET data = r.data || '{"lead": null}'
    WHERE r.tenant_id = tenant AND r.lead_id = ANY(named) AND r.kind = 'referral' AND r.data ->> 'lead' = ANY(keys);
    UPDATE campaigns_sharedrecord AS s SET data = jsonb_set(s.data, '{leads}', (s.data -> 'leads') - keys)
    WHERE s.tenant_id = tenant AND s.kind = 'seat' AND s.data -> 'leads' ?| keys;
    DELETE FROM campaigns_sharedrecord AS s -- the key of a seat is an e-mail address
    WHERE s.tenant_id = tenant AND s.kind = 'seat' AND s.key IN (
        SELECT f.key FROM campaigns_sharedrecord AS f
        WHERE f.tenant_id = tenant AND f.kind = 'seat' AND coalesce(f.data -> 'leads', '[]') = '[]'
        FOR UPDATE SKIP LOCKED);
    DELETE FROM engine_deadletter AS d WHERE d.tenant_id = tenant AND d.lead = ANY(keys);
    DELETE FROM campaigns_batchmember AS m WHERE m.tenant_id = tenant AND m.lead_id = ANY(own);
    DELETE FROM campaigns_duetime AS d WHERE d.tenant_id = tenant AND d.lead_id = ANY(own);

    -- Its own. Of everybody who was merged into it a row stays that says what was erased.
    INSERT INTO campaigns_erasure (
        tenant_id, key_hash, mode, requested_at, due_at, done_at, campaign_id, run)
    SELECT tenant, campaigns_key_hash(tenant, l.key), asked.mode, asked.requested_at, asked.due_at, clock_timestamp(),
           asked.campaign_id, asked.run
    FROM campaigns_lead AS l WHERE l.tenant_id = tenant AND l.id = ANY(own) AND l.id <> asked.lead_id;
    UPDATE campaigns_erasure AS e
    SET lead_id = NULL, turn_at = NULL, waits_for = '', done_at = coalesce(e.done_at, CASE
        WHEN e.id = asked.id THEN clock_timestamp() END)
    WHERE e.tenant_id = tenant AND e.lead_id = ANY(own);
    DELETE FROM campaigns_legalhold AS h WHERE h.tenant_id = tenant AND h.lead_id = ANY(own); -- those that were lifted
    IF asked.mode = 'erase' THEN
        DELETE FROM campaigns_activity AS a WHERE a.tenant_id = tenant AND a.lead_id = ANY(own);
        DELETE FROM campaigns_lead AS l WHERE l.tenant_id = tenant AND l.id = ANY(own); -- with all that refers to it
        RETURN 'done';
    END IF;

    UPDATE campaigns_activity AS a SET data =
        CASE WHEN a.campaign_id IS NULL AND a.data ? 'event_id'
             THEN jsonb_build_object('event_id', a.event_key) ELSE '{}' END
        || CASE WHEN a.data ->> 'outcome' IN ('done', 'no_op', 'skipped', 'failed', 'deferred', 'cancelled')
                THEN jsonb_build_object('outcome', a.data -> 'outcome') ELSE '{}' END
    WHERE a.tenant_id = tenant AND a.lead_id = ANY(own);
    DELETE FROM campaigns_record AS r WHERE r.tenant_id = tenant AND r.lead_id = ANY(own);
    DELETE FROM campaigns_parkedrun AS r WHERE r.tenant_id = tenant AND r.lead_id = ANY(own);
    DELETE FROM campaigns_listmember AS m WHERE m.tenant_id = tenant AND m.lead_id = ANY(own);
    UPDATE campaigns_delivery AS d
    SET body = '{}', answer = NULL, error = '', state = CASE WHEN d.ended_at IS NULL THEN 'cancelled' ELSE d.state END,
        ended_at = coalesce(d.ended_at, now())
    WHERE d.tenant_id = tenant AND d.lead_id = ANY(own);
    UPDATE campaigns_lead AS l
    SET key = 'erased-' || gen_random_uuid(), email = NULL, first_name = NULL, last_name = NULL, phone = NULL,
        company_id = NULL, owner_id = NULL, tags = '{}', fields = '{}', frozen_until = '9999-12-31 00:00:00+00',
        updated_at = now()
    WHERE l.tenant_id = tenant AND l.id = ANY(own);
    RETURN 'done';
END $$;
REVOKE ALL ON FUNCTION campaigns_erase_lead(bigint) FROM PUBLIC, fairlane_app;
GRANT EXECUTE ON FUNCTION campaigns_erase_lead(bigint) TO fairlane_worker;
