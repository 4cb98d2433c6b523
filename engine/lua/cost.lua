#!lua flags=allow-oom
-- cost: how long an event of a tenant takes, as measured, or as its rate allows if that is longer; changes nothing.
-- ARGV: tenant.
-- Returns microseconds, -1 while the tenant is paused, or false when nothing of it was executed lately.
local conf = config(ARGV[1])
if conf.paused then return -1 end
local cost = redis.call('HGET', cost_key(conf.database), ARGV[1])
if conf.rate > 0 then return math.ceil(math.max(tonumber(cost or 0) * 1000, 1e6 / conf.rate)) end
return cost and math.ceil(tonumber(cost) * 1000)
