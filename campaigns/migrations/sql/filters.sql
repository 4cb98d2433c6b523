-- What filters over leads compute: values as campaigns/language/values.py reads them, texts in the forms of
-- campaigns/language/folding.py. Each tells the database what memory decides, to the letter: a property test holds
-- them to each other. They look at their arguments only.

CREATE FUNCTION campaigns_compose(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN octet_length(value) = char_length(value) OR value ~ '[@YOUNGER@]' THEN value
         ELSE normalize(value, NFC) END;

-- translate() looks through its whole table for each character: only where there is something to fold, and with the
-- short table where that will do.
CREATE FUNCTION campaigns_fold(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text;
BEGIN
    IF octet_length(value) = char_length(value) THEN
        RETURN lower(value COLLATE "C");
    END IF;
    folded := lower(public.campaigns_compose(value) COLLATE "C");
    IF folded !~ '[@FOLDED@]' THEN
        RETURN folded;
    ELSIF folded !~ '[^\u0001-\u024f]' THEN
        RETURN public.campaigns_compose(translate(folded, '@LATIN@', '@LATIN_FOLDS@'));
    END IF;
    RETURN public.campaigns_compose(translate(folded, '@WIDE@', '@WIDE_FOLDS@'));
END $$;

CREATE FUNCTION campaigns_strip_accents(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF octet_length(value) = char_length(value) THEN
        RETURN value;
    ELSIF value ~ '[@YOUNGER@]' THEN
        RETURN regexp_replace(value, '[@MARKS@]', '', 'g');
    END IF;
    RETURN normalize(regexp_replace(normalize(value, NFD), '[@MARKS@]', '', 'g'), NFC);
END $$;

CREATE FUNCTION campaigns_read_text(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN jsonb_typeof(value) = 'string' THEN value #>> '{}' END;

CREATE FUNCTION campaigns_read_integer(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN jsonb_typeof(value) = 'number' THEN (value #>> '{}')::numeric END;

CREATE FUNCTION campaigns_read_decimal(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN value #>> '{}' ~ '^-?[0-9]{1,18}(\.[0-9]{1,10})?$' THEN (value #>> '{}')::numeric END;

CREATE FUNCTION campaigns_read_boolean(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN jsonb_typeof(value) = 'boolean' THEN value::boolean END;

-- Text that is no day or no time is no value, and no error that ends the whole query.
CREATE FUNCTION campaigns_read_date(value jsonb) RETURNS date
LANGUAGE sql STABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN value #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' AND pg_input_is_valid(value #>> '{}', 'date')
         THEN (value #>> '{}')::date END;

CREATE FUNCTION campaigns_read_datetime(value jsonb) RETURNS timestamptz
LANGUAGE sql STABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN value #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z$'
              AND pg_input_is_valid(value #>> '{}', 'timestamptz')
         THEN (value #>> '{}')::timestamptz END;

CREATE FUNCTION campaigns_read_object(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN jsonb_typeof(value) = 'object' AND value <> '{}' THEN value END;

-- The empty set, and one that holds what is no option any more, are no value.
CREATE FUNCTION campaigns_read_set(value jsonb, options text[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    items text[];
BEGIN
    IF value IS NULL OR jsonb_typeof(value) <> 'array' THEN
        RETURN NULL;
    END IF;
    items := ARRAY(SELECT jsonb_array_elements_text(value));
    IF items = '{}' OR (options IS NOT NULL AND NOT items <@ options) THEN
        RETURN NULL;
    END IF;
    RETURN items;
END $$;

-- What clocks and calendars show in a zone: its offsets in seconds begin at these instants, the first before them all.
CREATE FUNCTION campaigns_local(value timestamptz, begins timestamptz[], offsets integer[]) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    (value AT TIME ZONE 'UTC') + make_interval(secs => offsets[width_bucket(value, begins) + 1]);
