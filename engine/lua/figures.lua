#!lua flags=allow-oom
-- figures: what is known of back pressure, for people; changes nothing.
-- ARGV: databases.
-- Returns milliseconds of Redis TIME, events taken into lanes so far, 1 while memory is short else 0, lanes in spill
-- mode, then per database its samples, oldest first, and what its buffer held when that was noted last, or false.
local result = {now_ms(), tonumber(redis.call('HGET', counts_key, 'direct') or 0), redis.call('EXISTS', pressure_key),
  redis.call('HLEN', spill_key)}
for _, database in ipairs(ARGV) do
  result[#result + 1] = {redis.call('LRANGE', samples_key(database), 0, -1), redis.call('GET', buffered_key(database))}
end
return result
