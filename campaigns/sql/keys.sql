-- name: select_key_of_prefix
-- Served by the unique index on the prefix; campaigns/migrations/sql/key_lookup.sql has the function.
SELECT * FROM campaigns_apikey_of_prefix(%s);
