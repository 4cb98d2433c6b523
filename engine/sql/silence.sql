-- name: is_at_work
-- False also when there is no such process: the server was started again.
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s AND state = 'active');
