#!lua flags=allow-oom
-- configure: a tenant's weight, cap on lanes in work, and database; effective at the next lease.
-- ARGV: tenant, weight, cap, database. A value that is the default is not kept. No effect when nothing changes.
local tenant, key = ARGV[1], tenant_key(ARGV[1])
local old = config(tenant)
if old.weight == tonumber(ARGV[2]) and old.cap == tonumber(ARGV[3]) and old.database == ARGV[4] then return 0 end
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
-- Its time so far stands, debts too; on another database it begins at that clock.
local start = conf.database == old.database and at or clock(conf.database)
redis.call('ZADD', away_key(conf.database), math.max(start, clock(conf.database)), tenant)
place(tenant, conf, 'runnable', 0)
wake(conf.database)
return 1
