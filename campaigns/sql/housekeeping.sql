-- name: ensure_activity_partitions
-- A function of the owner's: workers may not make tables.
SELECT campaigns_activity_ensure_partitions();
