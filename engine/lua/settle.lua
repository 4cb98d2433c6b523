#!lua flags=allow-oom
-- settle: end a bundle with its outcome: trim what was done, free the lanes, charge the measured cost.
-- Bound to the bundle id and number, so a repeat after a lost reply finds nothing, or the next bundle, and changes nothing.
-- ARGV: bundle id, JSON {"lanes": [[tenant, lane, done, gone, wait, tried], ...],
--   "cost": {tenant: [ms, events, own ms]}, "modes": [[tenant, lane, spill, epoch], ...],
--   "strain": number of lanes that their database held up, "strained_by": what by}, the bundle's number under its id,
--   1 when its executor leases the next one itself: it needs no mark.
--   done: events executed; gone: how many of them to remove from the head, the others were in PostgreSQL;
--   wait: -1, or milliseconds until the rest of the lane is tried again, its first event alone;
--   tried: 1 when that event used up one of its tries, -1 when nothing is held against it, else 0; modes: as PostgreSQL now has them.
-- Returns the number of lanes settled, or -1 when the lease is lost.
local bundle = ARGV[1]
local row = redis.call('HMGET', bundle_key(bundle), 'lanes', 'charges', 'database', 'rated', 'since', 'number')
if not row[1] or (row[6] or '0') ~= ARGV[3] then return -1 end
local outcome = cjson.decode(ARGV[2])
local charges, database = cjson.decode(row[2]), row[3]
local now = now_ms()
local look_again_ms = 50

local tenants, before, confs = {}, {}, {} -- tenants: in the order of their lanes, as what is learnt depends on it
local held = cjson.decode(row[1])

-- Half of the lanes or more were held up: that is the database. Fewer are in each other's way, or somebody's who
-- locked a lead; a lane that was tried alone because it was held up before is known already.
local strain = outcome.strain or 0
local known = #held == 1 and redis.call('HEXISTS', suspects_key, place_name(held[1][1], held[1][2])) == 1
if strain == 0 then
  eased(database, now)
elseif 2 * strain >= #held and not known then
  strained(database, outcome.strained_by, tonumber(row[5]), now)
end

for _, item in ipairs(held) do
  local tenant = item[1]
  if not confs[tenant] then
    tenants[#tenants + 1] = tenant
    confs[tenant] = config(tenant)
    before[tenant] = standing(tenant, confs[tenant])
  end
end

for _, mode in ipairs(outcome.modes or {}) do set_mode(mode[1], tostring(mode[2]), mode[3], mode[4]) end

-- A lane in spill mode of which nothing was found: its producer is about to write, or holds the lane's row.
local function give_back(tenant, lane, name, done)
  local filled = redis.call('EXISTS', lane_key(tenant, lane)) == 1
  if filled or rare_get(spill_key, name) then
    if filled or done > 0 then
      redis.call('ZADD', ready_key(tenant), 'NX', ready_since(name, now), lane)
    else
      redis.call('ZADD', later_key, now + look_again_ms, name)
    end
  else
    forget_lane(name)
  end
end

local settled, trimmed = 0, {}
for _, item in ipairs(outcome.lanes) do
  local tenant, lane, done, gone = item[1], tostring(item[2]), item[3], item[4]
  local wait, tried = item[5], item[6]
  if let_go(tenant, lane, bundle) then
    settled = settled + 1
    local name = place_name(tenant, lane)
    if gone > 0 then
      redis.call('LTRIM', lane_key(tenant, lane), gone, -1)
      trimmed[tenant] = (trimmed[tenant] or 0) + gone
      pass_urgent(name, gone)
    end
    if done > 0 and rare_get(suspects_key, name) then acquit(name, done) end
    if wait >= 0 and has_work(tenant, lane) then
      if tried >= 0 then
        rare_set(suspects_key, name, 1)
        rare_set(narrow_key, name, 1)
      end
      if tried == 1 then count_attempt(name) end
      redis.call('ZADD', later_key, now + wait, name)
    else
      give_back(tenant, lane, name, done)
    end
  end
end
for tenant, gone in pairs(trimmed) do redis.call('ZINCRBY', depth_key, -gone, tenant) end
redis.call('ZREMRANGEBYSCORE', depth_key, '-inf', 0)
-- Lanes the outcome does not name go back as they were.
for _, item in ipairs(held) do
  if let_go(item[1], tostring(item[2]), bundle) then refresh(item[1], tostring(item[2]), now) end
end

-- Exponential average: `part` for the newest.
local function average(old, each, part) return string.format('%.6f', old + part * (each - old)) end

local typical, slow

-- What to expect of a newcomer: only newcomers teach it, for a slow tenant that is always at work would make each of
-- them look slow, and go alone.
local function learn_typical(each)
  if not typical then
    local known = redis.call('HMGET', own_key(database), '', '#slow')
    typical, slow = known[1] or first_typical, known[2] or 0
  end
  typical = average(tonumber(typical), each, 0.1)
  slow = string.format('%.6f', math.max(each, tonumber(slow) * (1 - forget_slow)))
end

-- How many events a lane has in PostgreSQL is known now, and what was not done is leased again. What the rate would
-- have allowed meanwhile anyway is not given back: so no more is leased than if it had never been used up.
local function give_back_rate(tenant, count)
  local conf = confs[tenant]
  for _, item in ipairs(outcome.lanes) do
    if item[1] == tenant then count = count - item[3] end
  end
  if count == 0 or conf.rate == 0 then return end
  if count > 0 then count = math.max(0, count - (now - row[5]) * conf.rate / 1000) end
  use_rate(tenant, conf, -count, now)
  if count > 0 then redis.call('ZREM', limited_key, tenant) end
end
for tenant, count in pairs(row[4] and cjson.decode(row[4]) or {}) do give_back_rate(tenant, count) end

-- What an event costs each tenant, in all, and deciding for it; nothing of one that is idle and owes nothing.
local events, shared_ms, moves, learners = 0, 0, {}, {}
for _, tenant in ipairs(tenants) do
  local measured = outcome.cost[tenant]
  local correction = measured and measured[1] - (charges[tenant] or 0) or 0
  moves[#moves + 1] = {tenant, confs[tenant], before[tenant], correction}
  if measured then
    events, shared_ms = events + measured[2], shared_ms + measured[1] - (measured[3] or measured[1])
    if measured[2] > 0 then learners[#learners + 1] = tenant end
  end
end
local knew_cost = ask_for_all('HMGET', cost_key(database), learners)
local knew_own = ask_for_all('HMGET', own_key(database), learners)
local kept, costs, owns = move_all(moves), {}, {}
for i, tenant in ipairs(learners) do
  local ms, count, own_ms = unpack(outcome.cost[tenant])
  local each, own_each = ms / count, (own_ms or ms) / count
  if not knew_own[i] then learn_typical(own_each) end
  if kept[tenant] then
    add_to(costs, 1, tenant, average(tonumber(knew_cost[i] or each), each, 0.3))
    add_to(owns, 1, tenant, average(tonumber(knew_own[i] or own_each), own_each, 0.3))
  end
end
call_for_all('HSET', cost_key(database), costs[1] or {})
call_for_all('HSET', own_key(database), owns[1] or {})
if typical then redis.call('HSET', own_key(database), '', typical, '#slow', slow) end

-- What a bundle costs beside its tenants' own time hardly depends on its size: statements, commit, waiting for
-- a busy machine. So the size is found by a loop of its own: more events while full bundles that leave some behind stay
-- within the budget, half as many when one takes twice that. Dividing the budget by the whole cost of an
-- event instead would shrink bundles on a busy machine, which makes each event dearer, which shrinks them more.
-- Half as many also when none are left behind: who comes meanwhile waits for the end of a bundle, and nobody needs
-- the rate of large ones. So they grow only where three of four leave some behind.
local sizes = redis.call('HMGET', bundle_key(bundle), 'size', 'limit', 'budget', 'left')
local size, budget, left = tonumber(sizes[1]), tonumber(sizes[3]), tonumber(sizes[4] or 0)
if shared_ms > 2 * budget or (left == 0 and size > least_size) then
  redis.call('HSET', own_key(database), '#size', math.max(math.min(size, least_size), math.floor(size / 2)))
elseif shared_ms < budget and events >= 0.8 * size then
  redis.call('HSET', own_key(database), '#size', math.min(tonumber(sizes[2]), math.ceil(size * 5 / 4)))
end
redis.call('ZREM', bundles_key, bundle)
redis.call('ZREM', live_key(database), bundle)
redis.call('DEL', bundle_key(bundle))
forget_debts(database)
if ARGV[4] ~= '1' then wake(database) end
return settled
