#!lua flags=allow-oom
-- tries: how often the first event of a lane's part in PostgreSQL was begun alone, with no outcome. An event that
-- died after its commit has left with its effects: its deaths are not the next one's.
-- ARGV: tenant, lane, number of the event.
-- Returns the tries.
local name, number = place_name(ARGV[1], ARGV[2]), ARGV[3]
if redis.call('HEXISTS', suspects_key, name) == 0 then return 0 end
local tried = redis.call('HGET', tried_key, name)
redis.call('HSET', tried_key, name, number)
if tried and tried ~= number then redis.call('HDEL', attempts_key, name) end
return tonumber(redis.call('HGET', attempts_key, name) or 0)
