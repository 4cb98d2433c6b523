-- name: exchange_setting
-- For the transaction; returns what it was before.
SELECT coalesce(current_setting(%(name)s, true), ''), set_config(%(name)s, %(value)s, true);
