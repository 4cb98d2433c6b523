-- push: append events to lanes. Harmless when repeated: the ledger drops an event it knows.
-- A lane that is too deep, or any lane while memory is short, goes over to spill mode here.
-- ARGV: most events a lane may hold, then per lane: tenant, lane, number of events, how many there are up to the last
-- urgent one (0: none is), the events.
-- Returns per lane the number of events it now holds, or -1 - epoch when it took none of them, because it
-- is in spill mode at that epoch, or false when it took none because its tenant is being drained. With a journal:
-- 'lost' when it may have lost events that are there: none go before those; and drained tenants were asked about before.
local limit = tonumber(ARGV[1])
local pressure = redis.call('EXISTS', pressure_key) == 1
local now = now_ms()
local result, databases, confs, before, taken, taken_of, moves = {}, {}, {}, {}, 0, {}, {}
local i = 2
-- In PostgreSQL places are not known here: the lane is urgent until that part of it is empty.
local somewhere = 2 ^ 40

local whole = {}
local function may_have_lost(database)
  if not journalled then return false end
  if whole[database] == nil then whole[database] = guarded(database) ~= false end
  return not whole[database]
end

while i <= #ARGV do
  local tenant, lane, count, urgent = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local key = lane_key(tenant, lane)
  local held = redis.call('LLEN', key)
  local name = place_name(tenant, lane)
  confs[tenant] = confs[tenant] or config(tenant)
  local conf = confs[tenant]
  local lost, closed = may_have_lost(conf.database), conf.draining and not journalled
  local epoch = rare_get(spill_key, name)
  if not epoch and not closed and not lost and (pressure or held + count > limit) then
    epoch = rare_get(epochs_key, name) or 0
    rare_set(spill_key, name, epoch)
  end
  if lost then
    result[#result + 1] = 'lost'
  elseif closed then
    result[#result + 1] = false
  elseif epoch then
    if urgent > 0 then hurry(tenant, lane, somewhere, now) end
    result[#result + 1] = -1 - epoch
  else
    if not before[tenant] then
      before[tenant] = standing(tenant, conf)
      if before[tenant] ~= 'runnable' then moves[#moves + 1] = {tenant, conf, before[tenant], 0} end
    end
    local first, last = i + 4, i + 3 + count
    while first <= last do -- unpack() has room for some 8,000 values
      local stop = math.min(first + 999, last)
      redis.call('RPUSH', key, unpack(ARGV, first, stop))
      first = stop + 1
    end
    taken, taken_of[tenant] = taken + count, (taken_of[tenant] or 0) + count
    if (before[tenant] == 'idle' or redis.call('HEXISTS', work_key(tenant), lane) == 0)
      and not (is_there(later_key) and redis.call('ZSCORE', later_key, name)) then
      redis.call('ZADD', ready_key(tenant), 'NX', now, lane)
    end
    if urgent > 0 then hurry(tenant, lane, held + urgent, now) end
    databases[conf.database] = true
    result[#result + 1] = held + count
  end
  i = i + 4 + count
end
move_all(moves)
for tenant, count in pairs(taken_of) do redis.call('ZINCRBY', depth_key, count, tenant) end
if taken > 0 then redis.call('HINCRBY', counts_key, 'direct', taken) end
for database in pairs(databases) do wake(database) end
return result
