#!lua flags=allow-oom
-- configure: what a tenant may use, and whether it is leased at all; effective at the next lease.
-- ARGV: tenant, weight, cap, database, rate, state (active, paused, draining). A value that is the default is not kept.
-- Returns 1, or 0 when nothing changes.
local tenant, key = ARGV[1], tenant_key(ARGV[1])
local paused, draining = ARGV[6] == 'paused', ARGV[6] == 'draining'
local old = config(tenant)
if old.weight == tonumber(ARGV[2]) and old.cap == tonumber(ARGV[3]) and old.database == ARGV[4]
  and old.rate == tonumber(ARGV[5]) and old.paused == paused and old.draining == draining then return 0 end
local at = virtual_time(tenant, old.database)
for _, set in ipairs({ring_key(old.database), away_key(old.database), debt_key(old.database)}) do
  redis.call('ZREM', set, tenant)
end
local wanted = {weight = ARGV[2], cap = ARGV[3], database = ARGV[4], rate = ARGV[5], paused = paused and '1' or '',
  draining = draining and '1' or ''}
local defaults = {weight = '1', cap = '0', database = 'default', rate = '0', paused = '', draining = ''}
for name, value in pairs(wanted) do
  if value == defaults[name] then
    redis.call('HDEL', key, name)
  else
    redis.call('HSET', key, name, value)
  end
end
local conf = config(tenant)
redis.call('ZREM', limited_key, tenant)
if conf.rate ~= old.rate and redis.call('DEL', rate_key(tenant)) == 1 and conf.rate > 0 then
  use_rate(tenant, conf, math.floor(rate_burst(conf) * conf.rate / 1000), now_ms()) -- a change gives no new burst
end
-- Its time so far stands, debts too; on another database it begins at that clock.
local start = conf.database == old.database and at or clock(conf.database)
redis.call('ZADD', away_key(conf.database), math.max(start, clock(conf.database)), tenant)
place(tenant, conf, 'runnable', 0)
forget_debts(old.database)
wake(conf.database)
return 1
