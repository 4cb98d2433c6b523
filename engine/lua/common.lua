-- Shared by every script, put in front of it when it is loaded. Every Redis key name is built here.
-- KEYS[1] is the prefix of the broker shard with its hash tag, KEYS[2] the Celery queue of wake-up marks, KEYS[3] is
-- 'journal' where accepted events are journalled.
--
-- Facts (all times in milliseconds of Redis TIME):
--   t.<tenant>.<lane>  list   the lane: events in order of acceptance, oldest first
--   ready:<tenant>     zset   lanes with events and nobody at work, by the time they became ready
--   work:<tenant>      hash   lane -> bundle that holds it; its length is the number of lanes in work
--   later              zset   "<tenant>|<lane>" set aside until a time (a retry)
--   bundles            zset   live leases by expiry;  bundle:<id> hash  what the lease holds
--   live:<database>    zset   those of one database
--   suspects           hash   "<tenant>|<lane>" -> events among which one may have killed its executor
--   narrow, attempts   hash   ... -> how many of them to run at once; deaths of the first one, run alone
--   tried              hash   ... -> number in PostgreSQL of the event whose deaths those are
--   depth              zset   waiting events per tenant, without those in PostgreSQL
--   spill              hash   "<tenant>|<lane>" -> epoch: new events of this lane go to PostgreSQL
--   epochs             hash   "<tenant>|<lane>" -> epoch of lanes that were in spill mode once
--   pressure           string present while Redis is short of memory
--   journal:<database> hash   id: of the last rebuild of its tenants' lanes, run: the server process it was made on; or,
--                             while one goes on, token: of that rebuild, run
--   counts             hash   direct: events taken into lanes so far; repaired, repaired:<invariant>: by reconcile.lua
--   breakers           hash   process -> since when and why it buries nothing, because everything fails
--   reconciler:<database> string the process that checks its lanes, as long as it does
--   samples:<database> list   its counters of back pressure, one sample each ten seconds, for some minutes
--   buffered:<database> string what its buffer held when that was looked at last
--   tenant:<tenant>    hash   weight, cap, database, rate, paused, draining: only what differs from the default
--   told               string present while Redis knows what tenants may use: gone with its memory
--   rate:<tenant>      string the moment up to which its rate is used up; gone when that has passed
--   limited            zset   tenants that used up their rate, by when they may be leased again
--   cost:<database>    hash   tenant -> measured milliseconds per event, for fairness
--   own:<database>     hash   tenant -> those of them spent deciding for it, which a smaller bundle saves;
--                             '' -> of the typical newcomer; '#size' -> events to put into a bundle at most
-- Fairness (start-time fair queueing, Goyal 1996), one set per database:
--   ring:<database>    zset   runnable tenants by virtual time
--   away:<database>    zset   virtual time of tenants at work that have no lane to lease now
--   debt:<database>    zset   virtual time of idle tenants that used more than the clock says
--   clock:<database>   string virtual time of the tenant last chosen
-- Bundles in work per database: databases.lua.
local prefix, wake_queue, journalled = KEYS[1], KEYS[2], KEYS[3] == 'journal'

local function lane_key(tenant, lane) return prefix .. 't.' .. tenant .. '.' .. lane end
local function ready_key(tenant) return prefix .. 'ready:' .. tenant end
local function work_key(tenant) return prefix .. 'work:' .. tenant end
local function tenant_key(tenant) return prefix .. 'tenant:' .. tenant end
local function rate_key(tenant) return prefix .. 'rate:' .. tenant end
local function bundle_key(bundle) return prefix .. 'bundle:' .. bundle end
local function ring_key(database) return prefix .. 'ring:' .. database end
local function away_key(database) return prefix .. 'away:' .. database end
local function debt_key(database) return prefix .. 'debt:' .. database end
local function clock_key(database) return prefix .. 'clock:' .. database end
local function live_key(database) return prefix .. 'live:' .. database end
local function load_key(database) return prefix .. 'load:' .. database end
local function rest_key(database, owner) return prefix .. 'rest:' .. database .. ':' .. owner end
local function cost_key(database) return prefix .. 'cost:' .. database end
local function own_key(database) return prefix .. 'own:' .. database end
local function samples_key(database) return prefix .. 'samples:' .. database end
local function reconciler_key(database) return prefix .. 'reconciler:' .. database end
local function buffered_key(database) return prefix .. 'buffered:' .. database end

-- Events in a bundle: to begin with, and at the least; a bundle of few cheap events is mostly overhead.
local first_size, least_size = 256, 128
-- Milliseconds of deciding for an event of a tenant of which nothing is known, before there was any newcomer.
local first_typical = 0.2

local function forget_cost(tenant, database)
  redis.call('HDEL', cost_key(database), tenant)
  redis.call('HDEL', own_key(database), tenant)
end
local bundles_key, later_key, depth_key = prefix .. 'bundles', prefix .. 'later', prefix .. 'depth'
local spill_key, epochs_key, counts_key = prefix .. 'spill', prefix .. 'epochs', prefix .. 'counts'
local limited_key, told_key = prefix .. 'limited', prefix .. 'told'
local breakers_key = prefix .. 'breakers'
local pressure_key, tried_key = prefix .. 'pressure', prefix .. 'tried'
local turns_key, nodes_key = prefix .. 'turns', prefix .. 'nodes'
local suspects_key, narrow_key, attempts_key = prefix .. 'suspects', prefix .. 'narrow', prefix .. 'attempts'

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The id of the last rebuild if nothing was lost since then: FLUSHALL takes the marker away, and whatever makes Redis
-- forget its last writes (a lost disk, the append-only file cut, a fail-over) begins another server process.
local function journal_key(database) return prefix .. 'journal:' .. database end
local function run_of_server() return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') end
local function guarded(database)
  local marker = redis.call('HMGET', journal_key(database), 'id', 'run')
  return marker[1] and marker[2] == run_of_server() and marker[1] or false
end

local function place_name(tenant, lane) return tenant .. '|' .. lane end

-- The inverse; a tenant's key never holds a bar.
local function split_place(place) return string.match(place, '^(.-)|(%d+)$') end

local function config(tenant)
  local row = redis.call('HMGET', tenant_key(tenant), 'weight', 'cap', 'database', 'rate', 'paused', 'draining')
  return {weight = tonumber(row[1] or 1), cap = tonumber(row[2] or 0), database = row[3] or 'default',
    rate = tonumber(row[4] or 0), paused = row[5] ~= false, draining = row[6] ~= false}
end

local function clock(database) return tonumber(redis.call('GET', clock_key(database)) or 0) end

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
  local work = redis.call('HLEN', work_key(tenant))
  if redis.call('ZCARD', ready_key(tenant)) > 0 then
    if conf.cap > 0 and work >= conf.cap then return 'capped' end
    if conf.rate > 0 and redis.call('ZSCORE', limited_key, tenant) then return 'limited' end
    return 'runnable'
  end
  if work > 0 then return 'working' end
  return 'idle'
end

local function virtual_time(tenant, database)
  return tonumber(redis.call('ZSCORE', ring_key(database), tenant)
    or redis.call('ZSCORE', away_key(database), tenant)
    or redis.call('ZSCORE', debt_key(database), tenant)
    or clock(database))
end

-- A tenant's place, from the facts: every script ends by calling this for each tenant it touched.
-- before: its standing before the change; charge: milliseconds to add, divided by its weight.
-- Coming back from having no lane to lease (idle, capped, limited, all lanes in work) earns no credit for the time:
-- else a tenant of one busy lane would save up hours and then take every worker.
local function place(tenant, conf, before, charge)
  local database = conf.database
  local at = virtual_time(tenant, database)
  local clock_now = clock(database)
  at = at + charge / conf.weight
  if before ~= 'runnable' and at < clock_now then at = clock_now end
  if conf.rate > 0 then hold_to_rate(tenant, conf) end
  local after = standing(tenant, conf)
  local ring, away, debt = ring_key(database), away_key(database), debt_key(database)
  if after == 'runnable' then
    redis.call('ZADD', ring, at, tenant)
    redis.call('ZREM', away, tenant)
    redis.call('ZREM', debt, tenant)
    return
  end
  redis.call('ZREM', ring, tenant)
  -- Who is paused with nothing in work may stay so for days: nobody's clock or debts wait for it.
  if after == 'idle' or (after == 'paused' and redis.call('HLEN', work_key(tenant)) == 0) then
    redis.call('ZREM', away, tenant)
    if conf.rate > 0 then redis.call('ZREM', limited_key, tenant) end
    if at > clock_now then
      redis.call('ZADD', debt, at, tenant)
    else
      redis.call('ZREM', debt, tenant)
      forget_cost(tenant, database)
    end
    return
  end
  redis.call('ZADD', away, at, tenant)
  redis.call('ZREM', debt, tenant)
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

-- A lane in spill mode is always worth a look: it ends with events done, or with the lane direct again.
local function has_work(tenant, lane)
  return redis.call('EXISTS', lane_key(tenant, lane)) == 1
    or redis.call('HEXISTS', spill_key, place_name(tenant, lane)) == 1
end

local function make_ready(tenant, lane, now)
  if not has_work(tenant, lane) then return false end
  redis.call('ZADD', ready_key(tenant), 'NX', now, lane)
  return true
end

-- A lane without events has no suspects: what was suspected has left with its effects.
local function forget_suspects(name)
  for _, key in ipairs({suspects_key, narrow_key, attempts_key, tried_key}) do redis.call('HDEL', key, name) end
end

-- After its mode has changed, when nobody holds it: ready if there is work, else nowhere.
local function refresh(tenant, lane, now)
  local name = place_name(tenant, lane)
  if redis.call('HEXISTS', work_key(tenant), lane) == 1 then return end
  if has_work(tenant, lane) then
    if not redis.call('ZSCORE', later_key, name) then make_ready(tenant, lane, now) end
    return
  end
  redis.call('ZREM', ready_key(tenant), lane)
  redis.call('ZREM', later_key, name)
  forget_suspects(name)
end

-- Give a lane back if this bundle still holds it. Returns false when it does not.
local function let_go(tenant, lane, bundle)
  if redis.call('HGET', work_key(tenant), lane) ~= bundle then return false end
  redis.call('HDEL', work_key(tenant), lane)
  return true
end

-- One of the first `count` events may have killed its executor. First the lane is run alone, then a tenth of
-- them at a time after each further death, then one by one: those deaths are the tries of that event.
local function suspect(name, count, alone)
  if alone and count == 1 then redis.call('HINCRBY', attempts_key, name, 1) end
  redis.call('HSET', suspects_key, name, count)
  redis.call('HSET', narrow_key, name, alone and math.max(1, math.floor(count / 10)) or count)
end

local function acquit(name, done)
  redis.call('HDEL', attempts_key, name)
  redis.call('HDEL', tried_key, name)
  if redis.call('HINCRBY', suspects_key, name, -done) <= 0 then
    redis.call('HDEL', suspects_key, name)
    redis.call('HDEL', narrow_key, name)
  end
end

-- Whether a lane is in spill mode, and its epoch.
local function mode_of(name)
  local spilled_at = redis.call('HGET', spill_key, name)
  return spilled_at and true or false, tonumber(spilled_at or redis.call('HGET', epochs_key, name) or 0)
end

local function forget_mode(name)
  redis.call('HDEL', spill_key, name)
  redis.call('HDEL', epochs_key, name)
end

-- What PostgreSQL says of a lane's mode. A lane goes direct 0, spill 0, direct 1, spill 1 and so on: what is not
-- beyond that which is known here was said before it, and changes nothing.
local function set_mode(tenant, lane, spill, epoch)
  local name = place_name(tenant, lane)
  local spilled, known_epoch = mode_of(name)
  local known = 2 * known_epoch + (spilled and 1 or 0)
  if 2 * epoch + (spill and 1 or 0) <= known then return end
  if epoch > 0 then redis.call('HSET', epochs_key, name, epoch) end
  if spill then
    redis.call('HSET', spill_key, name, epoch)
  else
    redis.call('HDEL', spill_key, name)
  end
end

-- End a lease without an outcome. blame: the events were being executed when the owner died, so they
-- are suspects. wait: milliseconds until the next try. Returns its database; false when it is no more.
local function release_bundle(bundle, blame, now, wait)
  local row = redis.call('HMGET', bundle_key(bundle), 'lanes', 'fetched', 'database')
  redis.call('ZREM', bundles_key, bundle)
  if not row[1] then return false end
  redis.call('ZREM', live_key(row[3]), bundle)
  blame = blame and row[2]
  local items = cjson.decode(row[1])
  for _, item in ipairs(items) do
    local tenant, lane, count = item[1], tostring(item[2]), item[3]
    local conf = config(tenant)
    local before = standing(tenant, conf)
    if let_go(tenant, lane, bundle) then
      if blame then suspect(place_name(tenant, lane), count, #items == 1) end
      if not has_work(tenant, lane) then
        forget_suspects(place_name(tenant, lane)) -- its mode was changed meanwhile, or somebody emptied it
      elseif wait > 0 then
        redis.call('ZADD', later_key, now + wait, place_name(tenant, lane))
      else
        make_ready(tenant, lane, now)
      end
      place(tenant, conf, before, 0)
    end
  end
  redis.call('DEL', bundle_key(bundle))
  return row[3]
end

-- Take over what expired, bring back what was set aside and tenants that waited for their rate. At most 16, 256 and
-- 256 a call: the rest by the next.
local function tidy(now, take_over)
  local touched = {}
  local expired = take_over and redis.call('ZRANGEBYSCORE', bundles_key, '-inf', now, 'LIMIT', 0, 16) or {}
  for _, bundle in ipairs(expired) do
    local database = release_bundle(bundle, true, now, 0)
    if database then touched[database] = true end
  end
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', later_key, '-inf', now, 'LIMIT', 0, 256)) do
    local tenant, lane = split_place(name)
    local conf = config(tenant)
    local before = standing(tenant, conf)
    redis.call('ZREM', later_key, name)
    refresh(tenant, lane, now)
    place(tenant, conf, before, 0)
    touched[conf.database] = true
  end
  for _, tenant in ipairs(redis.call('ZRANGEBYSCORE', limited_key, '-inf', now, 'LIMIT', 0, 256)) do
    local conf = config(tenant)
    redis.call('ZREM', limited_key, tenant)
    place(tenant, conf, 'limited', 0)
    touched[conf.database] = true
  end
  return touched
end

local function count_repaired(kind, times)
  redis.call('HINCRBY', counts_key, 'repaired', times)
  redis.call('HINCRBY', counts_key, 'repaired:' .. kind, times)
end
