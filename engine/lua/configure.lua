#!lua flags=allow-oom
-- configure: a tenant's weight, cap on lanes in work, and database; effective at the next lease.
-- ARGV: tenant, weight, cap, database. A value that is the default is not kept.
local tenant, key = ARGV[1], tenant_key(ARGV[1])
local old = config(tenant)
local before = standing(tenant, old)
if before == 'capped' then before = 'runnable' end -- the new cap decides; its time so far stands
local at = virtual_time(tenant, old.database)
for _, set in ipairs({ring_key(old.database), away_key(old.database), debt_key(old.database)}) do
  redis.call('ZREM', set, tenant)
end
local defaults = {weight = '1', cap = '0', database = 'default'}
for i, name in ipairs({'weight', 'cap', 'database'}) do
  if ARGV[i + 1] == defaults[name] then
    redis.call('HDEL', key, name)
  else
    redis.call('HSET', key, name, ARGV[i + 1])
  end
end
local conf = config(tenant)
if before ~= 'idle' then
  local start = conf.database == old.database and at or clock(conf.database)
  redis.call('ZADD', away_key(conf.database), math.max(start, clock(conf.database)), tenant)
  place(tenant, conf, before, 0)
  wake(conf.database)
end
return 1
