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
--   urgent             hash   ... -> how many of its events there are up to the last urgent one
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
--                             '' -> of the typical newcomer; '#slow' -> of the slowest of late; '#size' -> events to put
--                             into a bundle at most
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

local bundles_key, later_key, depth_key = prefix .. 'bundles', prefix .. 'later', prefix .. 'depth'
local spill_key, epochs_key, counts_key = prefix .. 'spill', prefix .. 'epochs', prefix .. 'counts'
local limited_key, told_key = prefix .. 'limited', prefix .. 'told'
local breakers_key = prefix .. 'breakers'
local pressure_key, tried_key, urgent_key = prefix .. 'pressure', prefix .. 'tried', prefix .. 'urgent'
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

-- Hashes and sets that are hardly ever there: whether one is, is asked once a call, and said by who makes it.
local there = {}
local function is_there(key)
  if there[key] == nil then there[key] = redis.call('EXISTS', key) == 1 end
  return there[key]
end
local function rare_get(key, field) return is_there(key) and redis.call('HGET', key, field) end
local function rare_set(key, field, value)
  there[key] = true
  redis.call('HSET', key, field, value)
end
local function rare_del(key, field) return is_there(key) and redis.call('HDEL', key, field) end
