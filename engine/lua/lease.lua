#!lua flags=allow-oom
-- lease: take the head of the fairest tenants' lanes under one bundle until a deadline; nothing is removed.
-- Repeating it with the same bundle id returns what that bundle holds, so a lost reply leaks nothing.
-- ARGV: bundle id, owner, most events, budget in ms, milliseconds to hold, most lanes, most events of a tenant whose
-- cost is not known yet, 1 to pass on a mark that is of no use here, the bundle's number under its id, then per database:
-- its name, most bundles in work on all nodes (0: no limit), 1 when this node may have one more of it in work.
-- Returns the database and JSON [[tenant, lane, events, epoch], ...], or false when there is nothing to do, as on a
-- database whose lanes are to be rebuilt from its journal: what is here now may come after what was lost. epoch: -1,
-- or that of the spill mode of a lane that holds none here: so many are to be taken from PostgreSQL, if it is at that
-- epoch.
local bundle, owner = ARGV[1], ARGV[2]
local events_left, budget = tonumber(ARGV[3]), tonumber(ARGV[4])
local whole_budget = budget
local hold, lanes_left = tonumber(ARGV[5]), tonumber(ARGV[6])
local probe, most_trusted = tonumber(ARGV[7]), 4 -- they may be slow
local number, first_database = ARGV[9], 10
local least_share = 32 -- events to ask PostgreSQL for
local turn_ms = whole_budget / 16 -- a tenant takes lanes for so long before the next one's turn

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
local learned = redis.call('HMGET', own_key(database), '', '#size', '#slow')
local typical, size = tonumber(learned[1] or first_typical), tonumber(learned[2] or first_size)
-- Where not even the slowest newcomer of late would take a turn for so many events, they are leased at once: a tenant of few
-- events then pays for one bundle instead of two. One that is slow after all holds up others as long as so many of its events take.
if learned[3] then probe = math.max(probe, math.min(most_trusted, math.floor(turn_ms / learned[3]))) end
events_left = math.min(events_left, size)
local lanes, charges, rated = {}, {}, {}

-- The next ready lane of a tenant, its events here and its epoch in spill mode; nil when there is none. A ready lane
-- that has neither was emptied by somebody: it is dropped.
local function next_lane(tenant)
  while true do
    local lane = redis.call('ZRANGE', ready_key(tenant), 0, 0)[1]
    if not lane then return nil end
    local held = redis.call('LLEN', lane_key(tenant, lane))
    local epoch = rare_get(spill_key, place_name(tenant, lane))
    if held > 0 or epoch then return {lane = lane, held = held, epoch = epoch} end
    refresh(tenant, lane, now)
  end
end

-- Whose turn it is: the tenant, its virtual time, its next lane.
local function next_tenant()
  while true do
    local head = redis.call('ZRANGE', ring, 0, 0, 'WITHSCORES')
    if not head[1] then return end
    local lane = next_lane(head[1])
    if lane then return head[1], tonumber(head[2]), lane end
    place(head[1], config(head[1]), 'runnable', 0)
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

local function may_take_more(tenant, conf, own)
  return lanes_left > 0 and events_left > 0 and budget > 0 and own <= budget
    and (conf.cap == 0 or redis.call('HLEN', work_key(tenant)) < conf.cap)
    and (conf.rate == 0 or rate_allows(tenant, conf, now) > 0)
end

-- Take a lane; cost: of an event, in all; own: spent deciding for it; most: events. Returns the charge and the events;
-- nil when nothing may be taken.
local function take(tenant, conf, next, cost, own, most)
  local name = place_name(tenant, next.lane)
  local suspects = rare_get(suspects_key, name)
  if suspects and #lanes > 0 then return nil end -- suspects run alone, in the next bundle
  local count = next.held > 0 and math.min(next.held, events_left) or share(tenant)
  count = math.min(count, most)
  if own > 0 then count = math.min(count, math.max(1, math.floor(budget / own))) end
  if suspects then count = math.min(count, tonumber(suspects), tonumber(redis.call('HGET', narrow_key, name))) end
  if conf.rate > 0 then
    count = math.min(count, rate_allows(tenant, conf, now))
    if count == 0 then return nil end -- Redis's clock was set back
    use_rate(tenant, conf, count, now)
    rated[tenant] = (rated[tenant] or 0) + count
  end

  redis.call('ZREM', ready_key(tenant), next.lane)
  redis.call('HSET', work_key(tenant), next.lane, bundle)
  lanes[#lanes + 1] = {tenant, tonumber(next.lane), count, next.held > 0 and -1 or tonumber(next.epoch)}
  events_left, budget, lanes_left = events_left - count, budget - count * own, lanes_left - 1
  if suspects then lanes_left = 0 end
  -- Beside deciding, a full bundle costs about its budget. A lone event pays for a whole bundle: charging hundreds as
  -- much each would take the clock, and who comes meanwhile, far ahead of those who get it back at settle.
  return count * math.min(cost, own + whole_budget / size), count
end

while lanes_left > 0 and events_left > 0 and (budget > 0 or #lanes == 0) do
  local tenant, time, next = next_tenant()
  if not tenant then break end
  local cost = tonumber(redis.call('HGET', cost_key(database), tenant) or 0)
  if cost == 0 and charges[tenant] then break end -- this bundle probes it already
  local conf = config(tenant)
  local own = tonumber(redis.call('HGET', own_key(database), tenant) or expected(tenant, conf))
  if #lanes > 0 and own > budget then break end -- too slow to go with others: they would wait for it

  advance_clock(database, time)
  -- A tenant's small lanes go together: what a bundle pays for each tenant, here and in PostgreSQL, is paid once.
  local turn, most, charge, count = 0, cost == 0 and probe or events_left, nil, nil
  if cost == 0 then cost = own end
  repeat
    charge, count = take(tenant, conf, next, cost, own, most)
    if charge then
      turn, most = turn + charge, most - count
      charges[tenant] = (charges[tenant] or 0) + charge
    end
    next = charge and most > 0 and turn < turn_ms and may_take_more(tenant, conf, own) and next_lane(tenant)
  until not next
  move_on(tenant, conf, time, turn)
  if not charge then break end
end
keep_clock(database)
if #lanes == 0 then return nothing() end

local answer = cjson.encode(lanes)
redis.call('HSET', bundle_key(bundle), 'lanes', answer, 'charges', cjson.encode(charges),
  'owner', owner, 'database', database, 'since', now, 'size', size, 'limit', ARGV[3], 'budget', ARGV[4],
  'hold', hold, 'number', number, 'count', #lanes, 'left', redis.call('ZCARD', ring))
if next(rated) then redis.call('HSET', bundle_key(bundle), 'rated', cjson.encode(rated)) end
redis.call('ZADD', bundles_key, now + hold, bundle)
redis.call('ZADD', live_key(database), now + hold, bundle)
forget_debts(database)
wake_all()
return {database, answer}
