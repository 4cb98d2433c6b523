#!lua flags=allow-oom
-- renew: hold bundles longer. ARGV: milliseconds to hold, then bundle ids.
-- Returns the ids that are lost.
local until_ms, lost = now_ms() + tonumber(ARGV[1]), {}
for i = 2, #ARGV do
  local database = redis.call('HGET', bundle_key(ARGV[i]), 'database')
  if database then
    redis.call('ZADD', bundles_key, until_ms, ARGV[i])
    redis.call('ZADD', live_key(database), until_ms, ARGV[i])
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
