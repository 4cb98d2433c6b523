#!lua flags=allow-oom
-- release: give bundles back without an outcome. A bundle that was settled or taken over is no more: no-op.
-- ARGV: 1 when the events may be to blame for the death of their executor else 0, milliseconds until the
-- lanes may be leased again, 1 when their database could not be reached else 0, number of databases of which the
-- caller has room for one more, those, then bundle ids.
-- Returns the number of bundles that were still held.
local now, held = now_ms(), 0
local first = 5 + tonumber(ARGV[4])
for i = first, #ARGV do
  local row = redis.call('HMGET', bundle_key(ARGV[i]), 'database', 'owner', 'since', 'hold')
  local database, since, wait = row[1], tonumber(row[3]), tonumber(ARGV[2])
  if database and ARGV[3] == '1' and out_of_reach(database, row[2], since, now) then wait = 0 end
  if database and now - since > tonumber(row[4]) then wasted(database, since, now) end
  if release_bundle(ARGV[i], ARGV[1] == '1', now, wait) then
    held = held + 1
    wake(database)
  end
end
for i = 5, first - 1 do wake(ARGV[i]) end
return held
