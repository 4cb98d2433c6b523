-- Shared by every script, behind ring.lua: lanes that are ready, in work, set aside or suspected.
-- A lane in spill mode is always worth a look: it ends with events done, or with the lane direct again.
local function has_work(tenant, lane)
  return redis.call('EXISTS', lane_key(tenant, lane)) == 1 or rare_get(spill_key, place_name(tenant, lane)) ~= false
end

-- A tenant's lanes take turns by the time since when they are ready. One with urgent events is taken to have been ready
-- for so long already: it goes before the others, but not before one that has really waited as long, so that urgent
-- events, however many, keep nobody waiting for ever.
local head_start_ms = 60000
local function ready_since(name, now) return rare_get(urgent_key, name) and now - head_start_ms or now end

local function make_ready(tenant, lane, now)
  if not has_work(tenant, lane) then return false end
  redis.call('ZADD', ready_key(tenant), 'NX', ready_since(place_name(tenant, lane), now), lane)
  return true
end

-- The lane holds an urgent event, the last one in this place. One that is ready moves up; else it will when it is.
local function hurry(tenant, lane, place, now)
  local name = place_name(tenant, lane)
  rare_set(urgent_key, name, math.max(place, tonumber(rare_get(urgent_key, name) or 0)))
  redis.call('ZADD', ready_key(tenant), 'XX', 'LT', now - head_start_ms, lane)
end

-- So many events have left the head of a lane.
local function pass_urgent(name, gone)
  if rare_get(urgent_key, name) and redis.call('HINCRBY', urgent_key, name, -gone) <= 0 then rare_del(urgent_key, name) end
end

-- Nothing is suspected of a lane without events, nor is it urgent: all that has left with its effects.
local function forget_lane(name)
  for _, key in ipairs({suspects_key, narrow_key, attempts_key, tried_key, urgent_key}) do rare_del(key, name) end
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
  forget_lane(name)
end

-- Give a lane back if this bundle still holds it. Returns false when it does not.
local function let_go(tenant, lane, bundle)
  if redis.call('HGET', work_key(tenant), lane) ~= bundle then return false end
  redis.call('HDEL', work_key(tenant), lane)
  return true
end

-- One of the first `count` events may have killed its executor. First the lane is run alone, then a tenth of
-- them at a time after each further death, then one by one: those deaths are the tries of that event.
local function count_attempt(name)
  there[attempts_key] = true
  redis.call('HINCRBY', attempts_key, name, 1)
end

local function suspect(name, count, alone)
  if alone and count == 1 then count_attempt(name) end
  rare_set(suspects_key, name, count)
  rare_set(narrow_key, name, alone and math.max(1, math.floor(count / 10)) or count)
end

local function acquit(name, done)
  rare_del(attempts_key, name)
  rare_del(tried_key, name)
  if redis.call('HINCRBY', suspects_key, name, -done) <= 0 then
    rare_del(suspects_key, name)
    rare_del(narrow_key, name)
  end
end

-- Whether a lane is in spill mode, and its epoch.
local function mode_of(name)
  local spilled_at = rare_get(spill_key, name)
  return spilled_at and true or false, tonumber(spilled_at or rare_get(epochs_key, name) or 0)
end

local function forget_mode(name)
  rare_del(spill_key, name)
  rare_del(epochs_key, name)
end

-- What PostgreSQL says of a lane's mode. A lane goes direct 0, spill 0, direct 1, spill 1 and so on: what is not
-- beyond that which is known here was said before it, and changes nothing.
local function set_mode(tenant, lane, spill, epoch)
  local name = place_name(tenant, lane)
  local spilled, known_epoch = mode_of(name)
  local known = 2 * known_epoch + (spilled and 1 or 0)
  if 2 * epoch + (spill and 1 or 0) <= known then return end
  if epoch > 0 then rare_set(epochs_key, name, epoch) end
  if spill then
    rare_set(spill_key, name, epoch)
  else
    rare_del(spill_key, name)
    rare_del(urgent_key, name) -- it is empty
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
        forget_lane(place_name(tenant, lane)) -- its mode was changed meanwhile, or somebody emptied it
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
