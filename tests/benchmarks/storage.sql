-- What tables take, by what they are for.

-- name: measure_tables
SELECT kind, sum(pg_total_relation_size(c.oid))
FROM pg_class AS c
JOIN (VALUES ('ledger', 'engine\_ledger%'), ('activity', 'campaigns\_activity%'), ('lead', 'campaigns\_lead'))
    AS of (kind, pattern) ON c.relname LIKE pattern
WHERE c.relkind = 'r'
GROUP BY kind;

-- name: select_relations
-- Tables, their indexes and what is stored apart, as pg_waldump names them. Only those that hold something.
SELECT kind, concat_ws('/',
    (SELECT oid FROM pg_tablespace WHERE spcname = 'pg_default'),
    (SELECT oid FROM pg_database WHERE datname = current_database()), pg_relation_filenode(part))
FROM pg_class AS c
JOIN (VALUES ('ledger', 'engine\_ledger%'), ('activity', 'campaigns\_activity%'), ('lead', 'campaigns\_lead'))
    AS of (kind, pattern) ON c.relname LIKE pattern
CROSS JOIN LATERAL (
    SELECT c.oid AS part UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = c.oid
    UNION ALL SELECT c.reltoastrelid WHERE c.reltoastrelid <> 0
) AS parts
WHERE c.relkind = 'r' AND pg_relation_size(c.oid) > 0;

-- name: select_position
-- What is behind it may not be in the files yet.
SELECT pg_current_wal_flush_lsn();
