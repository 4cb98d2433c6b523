#!lua flags=allow-oom
-- fetch: the events of a bundle, by its holder; marks them as being executed, so that a death is noticed.
-- ARGV: bundle id.
-- Returns false when the lease is lost, else per lane: tenant, lane, tries of its first event, the number of
-- events to take, -1 and the events; or the epoch of its spill mode and none, when they are in PostgreSQL.
local bundle = ARGV[1]
local lanes = redis.call('HGET', bundle_key(bundle), 'lanes')
if not lanes then return false end
redis.call('HSET', bundle_key(bundle), 'fetched', 1)
local result = {}
for _, item in ipairs(cjson.decode(lanes)) do
  local tenant, lane, count = item[1], item[2], item[3]
  if redis.call('HGET', work_key(tenant), lane) == bundle then
    local tries = rare_get(attempts_key, place_name(tenant, lane))
    local events = item[4] >= 0 and {} or redis.call('LRANGE', lane_key(tenant, lane), 0, count - 1)
    result[#result + 1] = {tenant, lane, tonumber(tries or 0), count, item[4], events}
  end
end
return result
