#!lua flags=allow-oom
-- note: keep a sample of the counters of a database, and what its buffer holds. A sample that comes too soon after
-- the last is dropped, so any number of processes may send them.
-- ARGV: database, milliseconds from one sample to the next, samples to keep, JSON {"spilled": n, "rows": n,
-- "transactions": n}, JSON [[tenant, events, oldest, lanes], ...].
-- Returns 1 when the sample was kept, else 0.
local database, gap, keep = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local samples, now = samples_key(database), now_ms()
redis.call('SET', buffered_key(database), '{"at":' .. now .. ',"counters":' .. ARGV[4] .. ',"tenants":' .. ARGV[5] .. '}')
local last = redis.call('LINDEX', samples, -1)
if last and now - cjson.decode(last).at < gap then return 0 end
local sample = cjson.decode(ARGV[4])
sample.at, sample.direct = now, tonumber(redis.call('HGET', counts_key, 'direct') or 0)
redis.call('RPUSH', samples, cjson.encode(sample))
redis.call('LTRIM', samples, -keep, -1)
return 1
