#!lua flags=allow-oom
-- doors: whether tenants take new events; asked before those are journalled, which cannot be taken back.
-- ARGV: tenants.
-- Returns for each 0: it does, 1: it is being drained, or 2 when Redis may have forgotten.
local result = {}
for i, tenant in ipairs(ARGV) do
  local conf = config(tenant)
  result[i] = not guarded(conf.database) and 2 or conf.draining and 1 or 0
end
return result
