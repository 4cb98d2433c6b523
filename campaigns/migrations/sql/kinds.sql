-- Values of currencies and places as campaigns/language/money.py and places.py read them.

CREATE FUNCTION campaigns_read_currency(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^-?[0-9]{1,18}(\.[0-9]{1,10})? [A-Z]{3}$'
         THEN value #>> '{}' END;

CREATE FUNCTION campaigns_read_degrees(value jsonb) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
    CASE WHEN jsonb_typeof(value) = 'number' THEN (value #>> '{}')::float8 END;

-- Of an angle from 0 to 90 degrees, by the series of places.py in its order: the same to the last bit.
CREATE FUNCTION campaigns_sine(degrees float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN (
    SELECT x * (((((((((((float8 '-3.868170170630684e-23' * s + float8 '1.9572941063391263e-20') * s + float8 '-8.22063524662433e-18') * s + float8 '2.8114572543455206e-15') * s + float8 '-7.647163731819816e-13') * s + float8 '1.6059043836821613e-10') * s + float8 '-2.505210838544172e-08') * s + float8 '2.7557319223985893e-06') * s + float8 '-0.0001984126984126984') * s + float8 '0.008333333333333333') * s + float8 '-0.16666666666666666') * s + float8 '1')
    FROM (SELECT degrees * float8 '0.017453292519943295') AS angle (x), LATERAL (SELECT x * x) AS squared (s));

CREATE FUNCTION campaigns_haversine(place jsonb, latitude float8, longitude float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN (
    SELECT up * up
           + campaigns_sine(float8 '90' - abs(lat)) * campaigns_sine(float8 '90' - abs(latitude)) * (along * along)
    FROM (SELECT campaigns_read_degrees(place -> 'latitude'), campaigns_read_degrees(place -> 'longitude'))
        AS point (lat, lon),
    LATERAL (SELECT abs(lon - longitude)) AS between_them (apart),
    LATERAL (SELECT campaigns_sine(abs(lat - latitude) * float8 '0.5'),
        campaigns_sine(CASE WHEN apart > 180 THEN float8 '360' - apart ELSE apart END * float8 '0.5'))
        AS sines (up, along));

ALTER TABLE campaigns_fielddefinition
    DROP CONSTRAINT campaigns_field_type,
    ADD CONSTRAINT campaigns_field_type CHECK (type IN (
        'string', 'text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'picklist', 'multi_select', 'json',
        'currency', 'geo'));
