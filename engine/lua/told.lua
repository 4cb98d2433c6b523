#!lua flags=allow-oom
-- told: whether Redis was told since it last lost its memory what tenants may use.
-- ARGV: 1 when it has been told just now, else 0.
-- Returns 1 or 0.
if ARGV[1] == '1' then redis.call('SET', told_key, 1) end
return redis.call('EXISTS', told_key)
