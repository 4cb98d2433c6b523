#!lua flags=allow-oom
-- abort: throw away what waits of a tenant; takes as long as it has lanes, whatever they hold (UNLINK frees in the
-- background). What a worker has fetched is not waiting: it stays at the head of its lane, so that it is settled, or
-- taken over, as ever. Nothing more of the tenant is leased until configure says so: its buffer in PostgreSQL follows.
-- Harmless when repeated.
-- ARGV: tenant, number of lanes.
-- Returns JSON {"events": thrown away here, "kept": [[lane, events, true when PostgreSQL holds them], ...]}.
local tenant, lanes = ARGV[1], tonumber(ARGV[2])
local conf, now = config(tenant), now_ms()
local before = standing(tenant, conf)
local waiting = tonumber(redis.call('ZSCORE', depth_key, tenant) or 0)
local bundles, kept, left = {}, {}, 0

-- What the holder of a lane has fetched of it: its item in the bundle; nothing while that has not begun.
local function begun(lane, bundle)
  if not bundles[bundle] then
    bundles[bundle] = {}
    local row = redis.call('HMGET', bundle_key(bundle), 'lanes', 'fetched')
    for _, item in ipairs(row[2] and cjson.decode(row[1]) or {}) do
      if item[1] == tenant then bundles[bundle][item[2]] = item end
    end
  end
  return bundles[bundle][lane]
end

-- Returns how many events stay.
local function keep_head(key, count)
  local head = count > 0 and redis.call('LRANGE', key, 0, count - 1) or {}
  redis.call('UNLINK', key)
  for first = 1, #head, 1000 do redis.call('RPUSH', key, unpack(head, first, math.min(first + 999, #head))) end
  return #head
end

redis.call('UNLINK', ready_key(tenant))
for lane = 0, lanes - 1 do
  local key, name = lane_key(tenant, lane), place_name(tenant, lane)
  local bundle = redis.call('HGET', work_key(tenant), lane)
  local item = bundle and begun(lane, bundle)
  if item then
    local count, buffered = item[3], item[4] >= 0
    kept[#kept + 1] = {lane, count, buffered}
    rare_del(urgent_key, name)
    left = left + keep_head(key, buffered and 0 or count)
    if tonumber(redis.call('HGET', suspects_key, name) or 0) > count then redis.call('HSET', suspects_key, name, count) end
  else
    redis.call('UNLINK', key)
    redis.call('HDEL', work_key(tenant), lane) -- leased, not begun: fetch finds that it is held no more
    redis.call('ZREM', later_key, name)
    forget_lane(name)
    make_ready(tenant, tostring(lane), now)
  end
end
if left > 0 then
  redis.call('ZADD', depth_key, left, tenant)
else
  redis.call('ZREM', depth_key, tenant)
end
redis.call('HSET', tenant_key(tenant), 'paused', 'abort')
place(tenant, config(tenant), before, 0)
forget_debts(conf.database)
return cjson.encode({events = waiting - left, kept = kept})
