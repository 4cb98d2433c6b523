#!lua flags=allow-oom
-- mode: tell lanes their mode as PostgreSQL has it. An order older than the known epoch changes nothing.
-- ARGV: JSON [[tenant, lane, spill, epoch], ...].
-- Returns the number of lanes told.
local now = now_ms()
local modes = cjson.decode(ARGV[1])
for _, mode in ipairs(modes) do
  local tenant, lane = mode[1], tostring(mode[2])
  local conf = config(tenant)
  local before = standing(tenant, conf)
  set_mode(tenant, lane, mode[3], mode[4])
  refresh(tenant, lane, now)
  place(tenant, conf, before, 0)
  wake(conf.database)
end
return #modes
