-- Shared by every script, behind common.lua: who may be leased, and whose turn it is.
-- Events in a bundle: to begin with, and at the least; a bundle of few cheap events is mostly overhead.
local first_size, least_size = 256, 128
-- Milliseconds of deciding for an event of a tenant of which nothing is known, before there was any newcomer.
local first_typical = 0.2
-- The slowest newcomer of late is forgotten by so much with each one after it.
local forget_slow = 0.01

local function forget_cost(tenant, database)
  redis.call('HDEL', cost_key(database), tenant)
  redis.call('HDEL', own_key(database), tenant)
end

-- Asked once a call: nobody else can move it meanwhile.
local clocks, moved = {}, false
local function clock(database)
  clocks[database] = clocks[database] or tonumber(redis.call('GET', clock_key(database)) or 0)
  return clocks[database]
end

-- Who advances it keeps it, once, at the end.
local function advance_clock(database, at)
  if at > clock(database) then clocks[database], moved = at, true end
end
local function keep_clock(database)
  if moved then redis.call('SET', clock_key(database), clocks[database]) end
end

-- A tenant's rate, by the generic cell rate algorithm (ITU-T I.371, virtual scheduling): each event uses up
-- 1000 / rate milliseconds; no more of them is used in advance than those of one second, or of one event.
local function rate_burst(conf) return math.max(1000, 1000 / conf.rate) end

-- Not more than a minute ahead: Redis's clock may be set back.
local function rate_used_until(tenant, conf, now)
  return math.min(math.max(now, tonumber(redis.call('GET', rate_key(tenant)) or 0)), now + 60000 + rate_burst(conf))
end

-- How many events may be leased now.
local function rate_allows(tenant, conf, now)
  local left = now + rate_burst(conf) - rate_used_until(tenant, conf, now)
  return math.max(0, math.floor(left * conf.rate / 1000 + 1e-6))
end

-- count: events; less than 0 gives back.
local function use_rate(tenant, conf, count, now)
  local upto = rate_used_until(tenant, conf, now) + count * 1000 / conf.rate
  if upto > now then
    redis.call('SET', rate_key(tenant), string.format('%.3f', upto), 'PX', math.ceil(upto - now))
  else
    redis.call('DEL', rate_key(tenant))
  end
end

-- Who used up its rate waits until there is work for a quarter of a second, or one event: a lease of single events
-- would cost more than it does. Once it waits, nothing but time and what is given back changes that.
local function hold_to_rate(tenant, conf)
  local now = now_ms()
  if rate_allows(tenant, conf, now) >= 1 then return end
  local enough = math.max(250, 1000 / conf.rate)
  local at = math.ceil(rate_used_until(tenant, conf, now) - rate_burst(conf) + enough)
  redis.call('ZADD', limited_key, 'NX', at, tenant)
end

-- runnable: may be leased; limited: has used up its rate; capped: has ready lanes but as many in work as it may; working: all its lanes
-- with events are in work; idle: nothing; paused: not to be leased, whatever it has.
local function standing(tenant, conf)
  if conf.paused then return 'paused' end
  if redis.call('ZCARD', ready_key(tenant)) > 0 then
    if conf.cap > 0 and redis.call('HLEN', work_key(tenant)) >= conf.cap then return 'capped' end
    if conf.rate > 0 and redis.call('ZSCORE', limited_key, tenant) then return 'limited' end
    return 'runnable'
  end
  return redis.call('EXISTS', work_key(tenant)) == 1 and 'working' or 'idle'
end

-- Where a tenant's virtual time is kept, and the time; nil and the clock: nowhere.
local function find_time(tenant, database, keys)
  for _, key in ipairs(keys) do
    local at = redis.call('ZSCORE', key, tenant)
    if at then return key, tonumber(at) end
  end
  return nil, clock(database)
end

local function virtual_time(tenant, database)
  local _, at = find_time(tenant, database, {ring_key(database), away_key(database), debt_key(database)})
  return at
end

-- The set a tenant belongs into by its standing: the ring, away; nil: debt, if it owes anything.
-- Who is paused with nothing in work may stay so for days: nobody's clock or debts wait for it.
local function set_of(tenant, after, database)
  if after == 'runnable' then return ring_key(database) end
  local unbound = after == 'idle' or (after == 'paused' and redis.call('HLEN', work_key(tenant)) == 0)
  if not unbound then return away_key(database) end
end

-- Where a tenant belongs from the facts, and its virtual time; nil: nowhere, nothing is to be remembered of it.
-- before: its standing before the change; at: its time then; charge: milliseconds to add, divided by its weight.
-- Coming back from having no lane to lease (idle, capped, limited, all lanes in work) earns no credit for the time:
-- else a tenant of one busy lane would save up hours and then take every worker.
local function place_of(tenant, conf, before, at, charge)
  local database = conf.database
  local clock_now = clock(database)
  at = at + charge / conf.weight
  if before ~= 'runnable' and at < clock_now then at = clock_now end
  if conf.rate > 0 then hold_to_rate(tenant, conf) end
  local set = set_of(tenant, standing(tenant, conf), database)
  if not set then
    if conf.rate > 0 then redis.call('ZREM', limited_key, tenant) end
    if at <= clock_now then return nil, at end
    set = debt_key(database)
  end
  return set, at
end

-- Every script ends by calling this, or move_on() or move_all(), for each tenant it touched: the tenant is put where it
-- belongs, wherever it was. Returns whether anything is remembered of it.
local function place(tenant, conf, before, charge)
  local database = conf.database
  local keys = {ring_key(database), away_key(database), debt_key(database)}
  local _, was = find_time(tenant, database, keys)
  local set, at = place_of(tenant, conf, before, was, charge)
  for _, key in ipairs(keys) do
    if key ~= set then redis.call('ZREM', key, tenant) end
  end
  if set then redis.call('ZADD', set, at, tenant) else forget_cost(tenant, database) end
  return set ~= nil
end

-- The same for who has just been chosen: it was in the ring, at this time.
local function move_on(tenant, conf, was, charge)
  local ring = ring_key(conf.database)
  local set, at = place_of(tenant, conf, 'runnable', was, charge)
  if set ~= ring then redis.call('ZREM', ring, tenant) end
  if set then redis.call('ZADD', set, at, tenant) else forget_cost(tenant, conf.database) end
end

-- Where a tenant is by its standing, as long as nothing is broken.
local key_of = {runnable = ring_key, working = away_key, idle = debt_key}

local at_once = 500 -- unpack() has room for some 8,000 values

local function call_for_all(command, key, values)
  for first = 1, #values, 2 * at_once do
    redis.call(command, key, unpack(values, first, math.min(first + 2 * at_once - 1, #values)))
  end
end

-- One after the other, false where there is none.
local function ask_for_all(command, key, names)
  local found = {}
  for first = 1, #names, at_once do
    for _, value in ipairs(redis.call(command, key, unpack(names, first, math.min(first + at_once - 1, #names)))) do
      found[#found + 1] = value
    end
  end
  return found
end

local function add_to(lists, key, ...)
  local list = lists[key] or {}
  lists[key] = list
  for _, value in ipairs({...}) do list[#list + 1] = value end
end

-- place() for many tenants that are where their standing says: looked for in one set instead of three, and moved with one
-- command a set. moves: {tenant, conf, before, charge} each; keys of tables are met in no order, but each command is of
-- its own tenants. Returns by tenant whether anything is remembered of it.
local function move_all(moves)
  local by_key, names, added, removed, forgotten, kept = {}, {}, {}, {}, {}, {}
  for _, move in ipairs(moves) do
    local tenant, conf, before, charge = move[1], move[2], move[3], move[4]
    if key_of[before] then
      local key = key_of[before](conf.database)
      add_to(by_key, key, move)
      add_to(names, key, tenant)
    else
      kept[tenant] = place(tenant, conf, before, charge)
    end
  end
  for key, list in pairs(by_key) do
    local times = ask_for_all('ZMSCORE', key, names[key])
    for place_in_list, move in ipairs(list) do
      local tenant, conf, before, charge = move[1], move[2], move[3], move[4]
      local was = times[place_in_list]
      local set, at = place_of(tenant, conf, before, tonumber(was or clock(conf.database)), charge)
      kept[tenant] = set ~= nil
      if was and set ~= key then add_to(removed, key, tenant) end
      if set then add_to(added, set, at, tenant) else add_to(forgotten, conf.database, tenant) end
    end
  end
  for key, list in pairs(removed) do call_for_all('ZREM', key, list) end
  for key, list in pairs(added) do call_for_all('ZADD', key, list) end
  for database, list in pairs(forgotten) do
    call_for_all('HDEL', cost_key(database), list)
    call_for_all('HDEL', own_key(database), list)
  end
  return kept
end

-- Debts the clock has caught up with are forgotten; when nothing runs at all, the busy period is over:
-- the clock moves to the last debt and nothing is left behind.
local function forget_debts(database)
  local debt = debt_key(database)
  local upto = clock(database)
  if redis.call('ZCARD', ring_key(database)) == 0 and redis.call('ZCARD', away_key(database)) == 0 then
    local last = redis.call('ZRANGE', debt, -1, -1, 'WITHSCORES')[2]
    if last and tonumber(last) > upto then
      upto = tonumber(last)
      redis.call('SET', clock_key(database), string.format('%.6f', upto))
      clocks[database] = nil
    end
    redis.call('DEL', debt, cost_key(database), own_key(database))
    redis.call('HDEL', turns_key, database)
    return
  end
  -- Each call may forget more than a bundle brings, one tenant a lane: else debts grow while somebody is always at work.
  local paid = redis.call('ZRANGEBYSCORE', debt, '-inf', string.format('%.6f', upto), 'LIMIT', 0, 1000)
  if #paid == 0 then return end
  redis.call('ZREM', debt, unpack(paid))
  redis.call('HDEL', cost_key(database), unpack(paid))
  redis.call('HDEL', own_key(database), unpack(paid))
end
