#!lua flags=allow-oom
-- due: how soon a sweep has something to bring back: a lane that was set aside, a tenant that used up its rate.
-- Returns milliseconds, or -1 when nothing waits for a time.
local soonest
for _, key in ipairs({later_key, limited_key}) do
  local at = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
  if at and (not soonest or at < soonest) then soonest = at end
end
return soonest and math.max(0, math.ceil(soonest - now_ms())) or -1
