#!lua flags=allow-oom
-- pressure: how much of Redis's memory is used. From 80 % on new events go to PostgreSQL, until it is less than 70 %.
-- Nobody saying so for a while ends it too.
-- ARGV: thousandths of the memory that may be used.
-- Returns 1 under pressure, else 0.
local used = tonumber(ARGV[1])
if used >= 800 or (used >= 700 and redis.call('EXISTS', pressure_key) == 1) then
  redis.call('SET', pressure_key, used, 'PX', 5000)
  return 1
end
redis.call('DEL', pressure_key)
return 0
