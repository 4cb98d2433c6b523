#!lua flags=allow-oom
-- release: give bundles back without an outcome. A bundle that was settled or taken over is no more: no-op.
-- ARGV: 1 when the events may be to blame for the death of their executor else 0, milliseconds until the
-- lanes may be leased again, then bundle ids.
-- Returns the number of bundles that were still held.
local now, held = now_ms(), 0
for i = 3, #ARGV do
  local database = release_bundle(ARGV[i], ARGV[1] == '1', now, tonumber(ARGV[2]))
  if database then
    held = held + 1
    wake(database)
  end
end
return held
