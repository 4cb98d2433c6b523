#!lua flags=allow-oom
-- sweep: what no event would cause: take over expired bundles, bring back lanes whose wait is over, and put
-- a wake-up mark where a tenant is runnable (kombu may lose one).
-- ARGV: 1 to take over else 0, the node that asks or '', its slots, then databases.
-- Returns 1 when a tenant is runnable.
local now, told_ms = now_ms(), 5000
for database in pairs(tidy(now, ARGV[1] == '1')) do wake(database) end
if ARGV[2] ~= '' then
  local nodes = redis.call('HGETALL', nodes_key)
  for i = 1, #nodes, 2 do
    if tonumber(string.match(nodes[i + 1], '%d+$')) <= now then redis.call('HDEL', nodes_key, nodes[i]) end
  end
  redis.call('HSET', nodes_key, ARGV[2], string.format('%d %d', ARGV[3], now + told_ms))
  redis.call('PEXPIRE', nodes_key, told_ms)
end
local runnable = 0
for i = 4, #ARGV do
  local database = ARGV[i]
  redis.call('ZREMRANGEBYSCORE', live_key(database), '-inf', now - forget_ms)
  wake(database)
  if redis.call('ZCARD', ring_key(database)) > 0 then runnable = 1 end
end
return runnable
