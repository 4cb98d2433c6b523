-- Shared by every script, behind common.lua: who may be leased, and whose turn it is.
-- Events in a bundle: to begin with, and at the least; a bundle of few cheap events is mostly overhead.
local first_size, least_size = 256, 128
-- Milliseconds of deciding for an event of a tenant of which nothing is known, before there was any newcomer.
local first_typical = 0.2
-- The slowest newcomer of late is forgotten by so much with each one after it.
local forget_slow = 0.01

-- Returns whether it was known.
local function forget_cost(tenant, database)
  redis.call('HDEL', cost_key(database), tenant)
  return redis.call('HDEL', own_key(database), tenant) == 1
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

-- A tenant's place, from the facts: every script ends by calling this, or move(), for each tenant it touched.
-- before: its standing before the change; charge: milliseconds to add, divided by its weight; keys: where it may be.
-- Coming back from having no lane to lease (idle, capped, limited, all lanes in work) earns no credit for the time:
-- else a tenant of one busy lane would save up hours and then take every worker.
local function place_from(tenant, conf, before, charge, keys)
  local database = conf.database
  local was_in, at = find_time(tenant, database, keys)
  local clock_now = clock(database)
  at = at + charge / conf.weight
  if before ~= 'runnable' and at < clock_now then at = clock_now end
  if conf.rate > 0 then hold_to_rate(tenant, conf) end
  local after = standing(tenant, conf)
  local set = set_of(tenant, after, database)
  if not set and conf.rate > 0 then redis.call('ZREM', limited_key, tenant) end
  local is_free = not set and at <= clock_now
  if not set and not is_free then set = debt_key(database) end
  for _, key in ipairs(keys) do
    if key ~= set and (key == was_in or #keys > 1) then redis.call('ZREM', key, tenant) end
  end
  if set then redis.call('ZADD', set, at, tenant) end
  if is_free then return false, forget_cost(tenant, database) end
  return true
end

-- Wherever it is. Returns whether anything is remembered of it; if not, whether its cost was known until now.
local function place(tenant, conf, before, charge)
  local database = conf.database
  return place_from(tenant, conf, before, charge, {ring_key(database), away_key(database), debt_key(database)})
end

-- The same for a tenant that is where its standing says: it is looked for in one set instead of three.
local function move(tenant, conf, before, charge)
  local key_of = {runnable = ring_key, working = away_key, idle = debt_key}
  if not key_of[before] then return place(tenant, conf, before, charge) end
  return place_from(tenant, conf, before, charge, {key_of[before](conf.database)})
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
