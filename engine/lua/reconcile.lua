#!lua flags=allow-oom
-- reconcile: look at a part of what is in Redis, repair what cannot be, and count it. Scripts are atomic, so between two of
-- them the invariants hold exactly: whatever is found here came from outside, or from a defect.
-- ARGV: what to look through, its name (a tenant, a database, a bundle, or ''), cursor, how much, milliseconds of a lease.
--   'keys': every key of the shard. Lanes and tenants are looked at where they are met, what is large or takes long
--   is named for a call of its own. Then 'ready', 'work', 'sum' (of a tenant), 'bundle', 'ring', 'away', 'debt' (of a database),
--   'bundles', 'later', 'limited', 'suspects', 'narrow', 'attempts', 'tried', 'urgent', and last 'depth'.
-- Returns JSON: {"cursor": "0" at the end, "found": {invariant: times}, "first": {invariant: where}, "more": [[what, name], ...]}.
--   stranded   a lane with events is ready, leased or set aside
--   doubled    ... and only one of them
--   hollow     a ready lane, or one set aside, has work
--   orphaned   a lane in work is held by a live bundle that says so (a bundle may have lost a lane: see abort.lua)
--   leases     bundles and their expiry belong together
--   overlong   no lease ends later than twice its time from now
--   misplaced  a tenant is where place() puts it, in its own database, and waits for its rate only if it has one
--   suspects   what is suspected of a lane belongs to one with work, and is complete
--   urgent     a lane that is urgent has work
--   depth      a tenant's depth is the sum of its lanes
local what, of, cursor, much, hold = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local at_once = 64 -- members of a tenant's set that are looked at where they are met
local most_lanes, most_waiting = 8192, 2048 -- a tenant's sum is left for another time when there are more

local now = now_ms()
local found, first, more, touched = {}, {}, {}, {}

local function report(kind, where)
  found[kind] = (found[kind] or 0) + 1
  first[kind] = first[kind] or where
end

-- Where something was repaired, lanes may be ready only now, so their sum is taken after it.
local function put(tenant)
  local conf = config(tenant)
  place(tenant, conf, 'idle', 0)
  touched[conf.database] = true
  more[#more + 1] = {'sum', tenant}
end

-- The judge is place() itself: it moves nobody who is where the facts say. That a debt has been paid is no fault. A
-- tenant that is in the ring by right is looked for in the others where their members are met.
local function check_place(tenant)
  local conf = config(tenant)
  local sets = {ring_key(conf.database), away_key(conf.database), debt_key(conf.database)}
  local function is_in(set) return redis.call('ZSCORE', set, tenant) and true or false end
  local ring = is_in(sets[1])
  if ring and standing(tenant, conf) == 'runnable' then return end
  local away, debt = is_in(sets[2]), is_in(sets[3])
  place(tenant, conf, 'runnable', 0)
  local paid = debt and not ring and not away and not is_in(sets[3])
  if ring == is_in(sets[1]) and away == is_in(sets[2]) and (debt == is_in(sets[3]) or paid) then return end
  report('misplaced', tenant)
  put(tenant)
end

local function check_lane(tenant, lane)
  if redis.call('ZSCORE', ready_key(tenant), lane) or redis.call('HEXISTS', work_key(tenant), lane) == 1
    or redis.call('ZSCORE', later_key, place_name(tenant, lane)) then return end
  report('stranded', place_name(tenant, lane))
  make_ready(tenant, lane, now)
  put(tenant)
end

local function take_out(key, member, tenant, lane)
  if redis.call('ZREM', key, member) == 0 then return end
  report('doubled', place_name(tenant, lane))
  put(tenant)
end

-- Returns the events of the lanes.
local function check_ready(tenant, lanes)
  local total = 0
  for i = 1, #lanes, 2 do
    local held = redis.call('LLEN', lane_key(tenant, lanes[i]))
    total = total + held
    if held == 0 and not has_work(tenant, lanes[i]) then
      report('hollow', place_name(tenant, lanes[i]))
      redis.call('ZREM', ready_key(tenant), lanes[i])
      forget_lane(place_name(tenant, lanes[i]))
      put(tenant)
    end
  end
  return total
end

local known = {} -- bundle -> the lanes it says it holds
local function holds(bundle, name)
  if not known[bundle] then
    known[bundle] = {}
    for _, item in ipairs(cjson.decode(redis.call('HGET', bundle_key(bundle), 'lanes') or '[]')) do
      known[bundle][place_name(item[1], tostring(item[2]))] = true
    end
  end
  return known[bundle][name]
end

local function check_work(tenant, rows)
  for i = 1, #rows, 2 do
    local lane, bundle = rows[i], rows[i + 1]
    if not holds(bundle, place_name(tenant, lane)) then
      report('orphaned', place_name(tenant, lane))
      redis.call('HDEL', work_key(tenant), lane)
      refresh(tenant, lane, now)
      put(tenant)
    else
      take_out(ready_key(tenant), lane, tenant, lane)
      take_out(later_key, place_name(tenant, lane), tenant, lane)
    end
  end
end

local function check_bundle(bundle)
  local row = redis.call('HMGET', bundle_key(bundle), 'lanes', 'database')
  if not row[1] then
    if redis.call('EXISTS', bundle_key(bundle)) == 1 then
      report('leases', bundle)
      redis.call('DEL', bundle_key(bundle))
    end
    return
  end
  local live = live_key(row[2])
  if not redis.call('ZSCORE', bundles_key, bundle) or not redis.call('ZSCORE', live, bundle) then
    report('leases', bundle)
    redis.call('ZADD', bundles_key, now + hold, bundle)
    redis.call('ZADD', live, now + hold, bundle)
  end
end

local seen = {}
local function check_tenant(tenant)
  if seen[tenant] then return end
  seen[tenant] = true
  check_place(tenant)
end

local by_kind = {}
by_kind['t'] = function(rest)
  local tenant, lane = string.match(rest, '^(.*)%.(%d+)$')
  if tenant then check_lane(tenant, lane) end
end
-- The sum is taken again when every lane is where it belongs, if these alone do not make it up.
by_kind['ready'] = function(tenant)
  check_tenant(tenant)
  local rows = redis.call('ZRANGE', ready_key(tenant), 0, at_once, 'WITHSCORES')
  local total = #rows <= 2 * at_once and check_ready(tenant, rows)
  if not total then more[#more + 1] = {'ready', tenant} end
  if total ~= tonumber(redis.call('ZSCORE', depth_key, tenant) or 0) then more[#more + 1] = {'sum', tenant} end
end
by_kind['work'] = function(tenant)
  check_tenant(tenant)
  more[#more + 1] = {'sum', tenant}
  if redis.call('HLEN', work_key(tenant)) > at_once then
    more[#more + 1] = {'work', tenant}
  else
    check_work(tenant, redis.call('HGETALL', work_key(tenant)))
  end
end
for _, kind in ipairs({'bundle', 'ring', 'away', 'debt'}) do
  by_kind[kind] = function(name) more[#more + 1] = {kind, name} end
end

local function check_keys()
  local answer = redis.call('SCAN', cursor, 'COUNT', much)
  for _, key in ipairs(answer[2]) do
    if string.sub(key, 1, #prefix) == prefix then
      local kind, rest = string.match(key, '^(%a+)[:.](.*)$', #prefix + 1)
      if by_kind[kind] then by_kind[kind](rest) end
    end
  end
  return answer[1]
end

-- Those with lanes were looked at where their lanes were met, but for being in a second set.
local function check_members(set, database, rows)
  local ring, away, debt = ring_key(database), away_key(database), debt_key(database)
  for i = 1, #rows, 2 do
    local tenant = rows[i]
    if config(tenant).database ~= database then
      report('misplaced', tenant)
      redis.call('ZREM', set, tenant)
      put(tenant)
    elseif set ~= ring and redis.call('ZSCORE', ring, tenant) or set == debt and redis.call('ZSCORE', away, tenant) then
      report('misplaced', tenant)
      put(tenant)
    elseif redis.call('EXISTS', ready_key(tenant), work_key(tenant)) == 0 then
      check_place(tenant)
    end
  end
end

local function check_bundles(rows)
  for i = 1, #rows, 2 do
    local bundle, expires = rows[i], tonumber(rows[i + 1])
    if redis.call('EXISTS', bundle_key(bundle)) == 0 then
      report('leases', bundle)
      redis.call('ZREM', bundles_key, bundle)
    elseif expires > now + 2 * hold then
      report('overlong', bundle)
      redis.call('ZADD', bundles_key, now + hold, bundle)
      redis.call('ZADD', live_key(redis.call('HGET', bundle_key(bundle), 'database')), now + hold, bundle)
    end
  end
end

-- Nothing sets a tenant aside for longer than this; whoever has no rate, or no lanes, has nothing to wait for.
local function check_limited(rows)
  for i = 1, #rows, 2 do
    local tenant, at = rows[i], tonumber(rows[i + 1])
    local conf = config(tenant)
    if conf.rate == 0 or at > now + 61000 + 1000 / conf.rate
      or redis.call('EXISTS', ready_key(tenant), work_key(tenant)) == 0 then
      report('misplaced', tenant)
      redis.call('ZREM', limited_key, tenant)
      put(tenant)
    end
  end
end

local function check_later(rows)
  for i = 1, #rows, 2 do
    local tenant, lane = split_place(rows[i])
    if not tenant or not has_work(tenant, lane) then
      report('hollow', rows[i])
      redis.call('ZREM', later_key, rows[i])
      forget_lane(rows[i])
    else
      take_out(ready_key(tenant), lane, tenant, lane)
      more[#more + 1] = {'sum', tenant}
    end
  end
end

local function is_idle(name)
  local tenant, lane = split_place(name)
  return not tenant or not has_work(tenant, lane) and redis.call('HEXISTS', work_key(tenant), lane) == 0
end

local function check_urgent(rows)
  for i = 1, #rows, 2 do
    if is_idle(rows[i]) or not tonumber(rows[i + 1]) then
      report('urgent', rows[i])
      rare_del(urgent_key, rows[i])
    end
  end
end

-- A lane that is suspected and cannot be read would stop every lease: what is missing is as for a first suspicion.
local function check_suspicions(key, rows)
  for i = 1, #rows, 2 do
    local name, count = rows[i], tonumber(rows[i + 1])
    local suspected = redis.call('HGET', suspects_key, name)
    if is_idle(name) or not suspected or not tonumber(suspected) then
      report('suspects', name)
      forget_lane(name)
    elseif not count then
      report('suspects', name)
      rare_set(key, name, 0)
    elseif not tonumber(redis.call('HGET', narrow_key, name)) then
      report('suspects', name)
      rare_set(narrow_key, name, 1)
    end
  end
end

-- What a tenant's lanes hold; nil when they are too many to count at once.
local function sum(tenant, depth)
  local lanes, total = {}, 0
  if redis.call('ZCARD', ready_key(tenant)) + redis.call('HLEN', work_key(tenant)) > most_lanes then return end
  for _, lane in ipairs(redis.call('ZRANGE', ready_key(tenant), 0, -1)) do lanes[lane] = true end
  for _, lane in ipairs(redis.call('HKEYS', work_key(tenant))) do lanes[lane] = true end
  for lane in pairs(lanes) do total = total + redis.call('LLEN', lane_key(tenant, lane)) end
  if total == depth then return total end
  if redis.call('ZCARD', later_key) > most_waiting then return end
  for _, name in ipairs(redis.call('ZRANGE', later_key, 0, -1)) do
    local owner, lane = split_place(name)
    if owner == tenant and not lanes[lane] then total = total + redis.call('LLEN', lane_key(tenant, lane)) end
  end
  return total
end

local function check_sum(tenant)
  local told = redis.call('ZSCORE', depth_key, tenant)
  local total = sum(tenant, tonumber(told or 0))
  if not total or total == tonumber(told or 0) and (total > 0 or not told) then return end
  report('depth', tenant)
  if total == 0 then redis.call('ZREM', depth_key, tenant) else redis.call('ZADD', depth_key, total, tenant) end
end

-- Those with ready lanes, or lanes in work, were summed up where these were met.
local function check_depth(rows)
  for i = 1, #rows, 2 do
    if redis.call('EXISTS', ready_key(rows[i]), work_key(rows[i])) == 0 then check_sum(rows[i]) end
  end
end

local function scan(command, key, check)
  local answer = redis.call(command, key, cursor, 'COUNT', much)
  check(answer[2])
  return answer[1]
end

local sets = {ring = ring_key(of), away = away_key(of), debt = debt_key(of)}
local suspicions = {suspects = suspects_key, narrow = narrow_key, attempts = attempts_key, tried = tried_key}
if what == 'keys' then
  cursor = check_keys()
elseif what == 'ready' then
  cursor = scan('ZSCAN', ready_key(of), function(rows) check_ready(of, rows) end)
elseif what == 'work' then
  cursor = scan('HSCAN', work_key(of), function(rows) check_work(of, rows) end)
elseif what == 'bundle' then
  check_bundle(of)
  cursor = '0'
elseif what == 'sum' then
  check_sum(of)
  cursor = '0'
elseif what == 'bundles' then
  cursor = scan('ZSCAN', bundles_key, check_bundles)
elseif what == 'limited' then
  cursor = scan('ZSCAN', limited_key, check_limited)
elseif what == 'later' then
  cursor = scan('ZSCAN', later_key, check_later)
elseif what == 'urgent' then
  cursor = scan('HSCAN', urgent_key, check_urgent)
elseif what == 'depth' then
  cursor = scan('ZSCAN', depth_key, check_depth)
elseif suspicions[what] then
  cursor = scan('HSCAN', suspicions[what], function(rows) check_suspicions(suspicions[what], rows) end)
else
  cursor = scan('ZSCAN', sets[what], function(rows) check_members(sets[what], of, rows) end)
end

for kind, times in pairs(found) do count_repaired(kind, times) end
for database in pairs(touched) do wake(database) end
if #more == 0 then more = nil end
return cjson.encode({cursor = cursor, found = found, first = first, more = more})
