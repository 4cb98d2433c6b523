#!lua flags=allow-oom
-- waits: how long tenants' lanes have been waiting, for people; changes nothing.
-- ARGV: tenants.
-- Returns per tenant the number of its events in Redis and when the oldest of them was accepted, or ''. Exact while no
-- more than 64 lanes of it are ready, 64 in work and 256 of all tenants set aside; else of those ready the longest.
local look_at, set_aside = 63, 255
local later = {}
for _, name in ipairs(redis.call('ZRANGE', later_key, 0, set_aside)) do
  local tenant, lane = split_place(name)
  later[tenant] = later[tenant] or {}
  table.insert(later[tenant], lane)
end

local function lanes_of(tenant)
  local lanes = redis.call('ZRANGE', ready_key(tenant), 0, look_at)
  for place, lane in ipairs(redis.call('HKEYS', work_key(tenant))) do
    if place > look_at + 1 then break end
    lanes[#lanes + 1] = lane
  end
  for _, lane in ipairs(later[tenant] or {}) do lanes[#lanes + 1] = lane end
  return lanes
end

local result = {}
for _, tenant in ipairs(ARGV) do
  local oldest = ''
  for _, lane in ipairs(lanes_of(tenant)) do
    local first = redis.call('LINDEX', lane_key(tenant, lane), 0)
    local accepted_at = first and string.match(first, '"accepted_at":"([^"]+)"')
    if accepted_at and (oldest == '' or accepted_at < oldest) then oldest = accepted_at end
  end
  result[#result + 1] = {tonumber(redis.call('ZSCORE', depth_key, tenant) or 0), oldest}
end
return result
