#!lua flags=allow-oom
-- agree: make lanes' modes what PostgreSQL says, where they are still what was seen here. It counts what it changes.
-- ARGV: JSON [[tenant, lane, spill, epoch, spill seen, epoch seen], ...].
-- Returns the number of lanes changed.
local now, changed = now_ms(), 0
for _, row in ipairs(cjson.decode(ARGV[1])) do
  local tenant, lane, spill, epoch = row[1], tostring(row[2]), row[3], row[4]
  local spill_seen, epoch_seen = mode_of(place_name(tenant, lane))
  if spill_seen == row[5] and epoch_seen == row[6] then
    local conf = config(tenant)
    local before = standing(tenant, conf)
    forget_mode(place_name(tenant, lane))
    set_mode(tenant, lane, spill, epoch)
    refresh(tenant, lane, now)
    place(tenant, conf, before, 0)
    wake(conf.database)
    changed = changed + 1
  end
end
if changed > 0 then count_repaired('modes', changed) end
return changed
