#!lua flags=allow-oom
-- sweep: what no event would cause: take over expired bundles, bring back lanes whose wait is over, and put
-- a wake-up mark where a tenant is runnable (kombu may lose one).
-- ARGV: 1 to take over else 0, then databases.
-- Returns 1 when a tenant is runnable.
for database in pairs(tidy(now_ms(), ARGV[1] == '1')) do wake(database) end
local runnable = 0
for i = 2, #ARGV do
  local database = ARGV[i]
  wake(database)
  if redis.call('ZCARD', ring_key(database)) > 0 then runnable = 1 end
end
return runnable
