-- push: append events to lanes. Harmless when repeated: the ledger drops an event it knows.
-- ARGV: most events a lane may hold, then per lane: tenant, lane, number of events, the events.
-- Returns per lane the number of events it now holds, or -1 when it is full and took none of them.
local limit = tonumber(ARGV[1])
local now = now_ms()
local result, databases = {}, {}
local i = 2
while i <= #ARGV do
  local tenant, lane, count = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local key = lane_key(tenant, lane)
  local held = redis.call('LLEN', key)
  if held + count > limit then
    result[#result + 1] = -1
  else
    local conf = config(tenant)
    local before = standing(tenant, conf)
    local first, last = i + 3, i + 2 + count
    while first <= last do -- unpack() has room for some 8,000 values
      local stop = math.min(first + 999, last)
      redis.call('RPUSH', key, unpack(ARGV, first, stop))
      first = stop + 1
    end
    redis.call('ZINCRBY', depth_key, count, tenant)
    if redis.call('HEXISTS', work_key(tenant), lane) == 0
      and not redis.call('ZSCORE', later_key, place_name(tenant, lane)) then
      redis.call('ZADD', ready_key(tenant), 'NX', now, lane)
    end
    if before ~= 'runnable' then place(tenant, conf, before, 0) end
    databases[conf.database] = true
    result[#result + 1] = held + count
  end
  i = i + 3 + count
end
for database in pairs(databases) do wake(database) end
return result
