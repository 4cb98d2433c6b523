#!lua flags=allow-oom
-- lease: take the head of the fairest tenants' lanes under one bundle until a deadline; nothing is removed.
-- Repeating it with the same bundle id returns what that bundle holds, so a lost reply leaks nothing.
-- ARGV: bundle id, owner, most events, budget in ms, milliseconds to hold, most lanes, most events of a tenant whose
-- cost is not known yet, 1 to pass on a mark that is of no use here, then per database: its name, most bundles in
-- work on all nodes (0: no limit), 1 when this node may have one more of it in work.
-- Returns the database and JSON [[tenant, lane, events, epoch], ...], or false when there is nothing to do, as on a
-- database whose lanes are to be rebuilt from its journal: what is here now may come after what was lost. epoch: -1,
-- or that of the spill mode of a lane that holds none here: so many are to be taken from PostgreSQL, if it is at that
-- epoch.
local bundle, owner = ARGV[1], ARGV[2]
local events_left, budget = tonumber(ARGV[3]), tonumber(ARGV[4])
local whole_budget = budget
local hold, lanes_left = tonumber(ARGV[5]), tonumber(ARGV[6])
local probe = tonumber(ARGV[7]) -- of one lane: they may be slow
local first_database = 9
local least_share = 32 -- events to ask PostgreSQL for

local known = redis.call('HMGET', bundle_key(bundle), 'database', 'lanes')
if known[2] then return known end

local now = now_ms()
for other in pairs(tidy(now, true)) do wake(other) end

local open = {}
for i = first_database, #ARGV, 3 do
  heed_total(ARGV[i], tonumber(ARGV[i + 1]))
  if ARGV[i + 2] == '1' and (not journalled or guarded(ARGV[i])) then open[#open + 1] = ARGV[i] end
end

local function wake_all()
  for i = first_database, #ARGV, 3 do wake(ARGV[i]) end
end

-- Who popped a mark waits behind all others, so one that is put back is theirs.
local function nothing()
  if ARGV[8] == '1' then wake_all() end
  return false
end

local database = choose(open, #ARGV == first_database + 2, owner, now)
if not database then return nothing() end
local ring = ring_key(database)
local learned = redis.call('HMGET', own_key(database), '', '#size')
local typical, size = tonumber(learned[1] or first_typical), tonumber(learned[2] or first_size)
events_left = math.min(events_left, size)
local lanes, charges, rated = {}, {}, {}

-- The lane whose turn it is, the virtual time of its tenant, its events here and its epoch in spill mode. A ready
-- lane that has neither was emptied by somebody: it is dropped.
local function next_lane()
  while true do
    local head = redis.call('ZRANGE', ring, 0, 0, 'WITHSCORES')
    local tenant = head[1]
    if not tenant then return end
    local lane = redis.call('ZRANGE', ready_key(tenant), 0, 0)[1]
    local held = redis.call('LLEN', lane_key(tenant, lane))
    local epoch = redis.call('HGET', spill_key, place_name(tenant, lane))
    if held > 0 or epoch then return tenant, lane, head[2], held, epoch end
    refresh(tenant, lane, now)
    place(tenant, config(tenant), 'runnable', 0)
  end
end

-- What an event of a tenant may cost that was not measured yet, in milliseconds: twice as much for each of its lanes, by
-- weight, that is at work without having said so. Else, while one slow event is at work, every worker would take on another.
local function expected(tenant, conf)
  local unmeasured = math.min(20, redis.call('HLEN', work_key(tenant)) / conf.weight)
  return math.max(typical, math.min(whole_budget, typical * 2 ^ unmeasured))
end

-- How many PostgreSQL holds is not known here: an equal part of the bundle for each lane that may be like this.
local function share(tenant)
  local alike = redis.call('ZCARD', ready_key(tenant)) * redis.call('ZCARD', ring)
  return math.min(events_left, math.max(least_share, math.ceil(events_left / alike)))
end

while lanes_left > 0 and events_left > 0 and (budget > 0 or #lanes == 0) do
  local tenant, lane, time, held, epoch = next_lane()
  if not tenant then break end
  local conf = config(tenant)
  local name = place_name(tenant, lane)
  local suspects = redis.call('HGET', suspects_key, name)
  if suspects and #lanes > 0 then break end -- suspects run alone, in the next bundle
  local cost = tonumber(redis.call('HGET', cost_key(database), tenant) or 0)
  if cost == 0 and charges[tenant] then break end -- this bundle probes it already
  local own = tonumber(redis.call('HGET', own_key(database), tenant) or expected(tenant, conf))
  if #lanes > 0 and own > budget then break end -- too slow to go with others: they would wait for it

  if tonumber(time) > clock(database) then redis.call('SET', clock_key(database), time) end
  local count = held > 0 and math.min(held, events_left) or share(tenant)
  if cost == 0 then
    count, cost = math.min(count, probe), own
  end
  if own > 0 then count = math.min(count, math.max(1, math.floor(budget / own))) end
  if suspects then count = math.min(count, tonumber(suspects), tonumber(redis.call('HGET', narrow_key, name))) end
  if conf.rate > 0 then
    count = math.min(count, rate_allows(tenant, conf, now))
    if count == 0 then -- Redis's clock was set back
      place(tenant, conf, 'runnable', 0)
      break
    end
    use_rate(tenant, conf, count, now)
    rated[tenant] = (rated[tenant] or 0) + count
  end

  redis.call('ZREM', ready_key(tenant), lane)
  redis.call('HSET', work_key(tenant), lane, bundle)
  -- Beside deciding, a full bundle costs about its budget. A lone event pays for a whole bundle: charging hundreds as
  -- much each would take the clock, and who comes meanwhile, far ahead of those who get it back at settle.
  local charge = count * math.min(cost, own + whole_budget / size)
  charges[tenant] = (charges[tenant] or 0) + charge
  place(tenant, conf, 'runnable', charge)
  lanes[#lanes + 1] = {tenant, tonumber(lane), count, held > 0 and -1 or tonumber(epoch)}
  events_left, budget, lanes_left = events_left - count, budget - count * own, lanes_left - 1
  if suspects then break end
end
if #lanes == 0 then return nothing() end

local answer = cjson.encode(lanes)
redis.call('HSET', bundle_key(bundle), 'lanes', answer, 'charges', cjson.encode(charges),
  'owner', owner, 'database', database, 'since', now, 'size', size, 'limit', ARGV[3], 'budget', ARGV[4],
  'hold', hold, 'count', #lanes)
if next(rated) then redis.call('HSET', bundle_key(bundle), 'rated', cjson.encode(rated)) end
redis.call('ZADD', bundles_key, now + hold, bundle)
redis.call('ZADD', live_key(database), now + hold, bundle)
forget_debts(database)
wake_all()
return {database, answer}
