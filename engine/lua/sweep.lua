#!lua flags=allow-oom
-- sweep: what no event would cause: take over expired bundles, bring back lanes whose wait is over, and put
-- a wake-up mark where a tenant is runnable (kombu may lose one). ARGV: databases.
-- Returns 1 when a tenant is runnable.
for database in pairs(tidy(now_ms())) do wake(database) end
local runnable = 0
for _, database in ipairs(ARGV) do
  wake(database)
  if redis.call('ZCARD', ring_key(database)) > 0 then runnable = 1 end
end
return runnable
