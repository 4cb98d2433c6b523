-- The key with a prefix, in one round trip: every request asks this. It runs as whoever asks, so row-level security
-- holds within it; the setting that its policy reads is put back, also where a transaction goes on.
CREATE FUNCTION campaigns_apikey_of_prefix(wanted text) RETURNS SETOF campaigns_apikey
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    before text := coalesce(current_setting('fairlane.key_prefix', true), '');
BEGIN
    PERFORM set_config('fairlane.key_prefix', wanted, true);
    RETURN QUERY SELECT * FROM campaigns_apikey WHERE prefix = wanted;
    PERFORM set_config('fairlane.key_prefix', before, true);
END $$;
REVOKE ALL ON FUNCTION campaigns_apikey_of_prefix(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION campaigns_apikey_of_prefix(text) TO fairlane_app;
