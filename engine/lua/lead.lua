#!lua flags=allow-oom
-- lead: be the one process that reconciles for a database, or stay it.
-- ARGV: database, this process, milliseconds that it may be silent.
-- Returns 1 when it is, else 0.
local key = reconciler_key(ARGV[1])
local leader = redis.call('GET', key)
if leader and leader ~= ARGV[2] then return 0 end
redis.call('SET', key, ARGV[2], 'PX', ARGV[3])
return 1
