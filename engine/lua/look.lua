#!lua flags=allow-oom
-- look: what waits and what is in work, for people; changes nothing.
-- ARGV: how many tenants, deepest first (those at work come too), and databases; or "tenants" and their keys; or
-- "databases" and databases; or "tenant", its key and its lane count.
-- Returns JSON: {"tenants": [...], "databases": [...], ...}, {"databases": [...]} or {"lanes": [...]}.
local now = now_ms()
local function databases()
  local rows = {}
  for i = 2, #ARGV do
    local name, lanes = ARGV[i], 0
    local row = redis.call('HMGET', load_key(name), 'limit', 'total', 'strain', 'strained')
    local live = redis.call('ZRANGE', live_key(name), now, '+inf', 'BYSCORE')
    for _, bundle in ipairs(live) do lanes = lanes + (redis.call('HGET', bundle_key(bundle), 'count') or 0) end
    rows[#rows + 1] = {database = name, runnable = redis.call('ZCARD', ring_key(name)), bundles = #live,
      lanes = lanes, limit = tonumber(row[1] or 0), total = tonumber(row[2] or 0), slots = ceiling(name, now),
      strain = row[3] or '', strained_ms = row[4] and now - row[4] or 0}
  end
  return rows
end
if ARGV[1] == 'databases' then return cjson.encode({databases = databases()}) end

local function oldest(tenant, lane)
  local first = redis.call('LINDEX', lane_key(tenant, lane), 0)
  return first and string.match(first, '"accepted_at":"([^"]+)"') or ''
end

if ARGV[1] == 'tenant' then
  local tenant, lanes = ARGV[2], {}
  for lane = 0, tonumber(ARGV[3]) - 1 do
    local holder = redis.call('HGET', work_key(tenant), lane)
    local held = holder and redis.call('HMGET', bundle_key(holder), 'owner', 'since') or {}
    local expires = holder and redis.call('ZSCORE', bundles_key, holder)
    lanes[#lanes + 1] = {lane = lane, waiting = redis.call('LLEN', lane_key(tenant, lane)),
      bundle = holder or '', owner = held[1] or '', oldest = oldest(tenant, lane),
      held_ms = held[2] and now - held[2] or 0, left_ms = expires and expires - now or 0,
      suspects = tonumber(redis.call('HGET', suspects_key, place_name(tenant, lane)) or 0)}
  end
  return cjson.encode({lanes = lanes})
end

local function tenant_row(tenant)
  local conf = config(tenant)
  return {tenant = tenant, waiting = tonumber(redis.call('ZSCORE', depth_key, tenant) or 0),
    ready = redis.call('ZCARD', ready_key(tenant)), in_work = redis.call('HLEN', work_key(tenant)),
    weight = conf.weight, cap = conf.cap, rate = conf.rate, database = conf.database,
    standing = standing(tenant, conf), virtual_time = virtual_time(tenant, conf.database)}
end

local tenants = {}
if ARGV[1] == 'tenants' then
  for i = 2, #ARGV do tenants[i - 1] = tenant_row(ARGV[i]) end
  return cjson.encode({tenants = tenants})
end
local top = tonumber(ARGV[1])
for _, tenant in ipairs(top > 0 and redis.call('ZREVRANGE', depth_key, 0, top - 1) or {}) do tenants[#tenants + 1] = tenant_row(tenant) end
return cjson.encode({tenants = tenants, total = redis.call('ZCARD', depth_key),
  bundles = redis.call('ZCARD', bundles_key), databases = databases()})
