-- modes: lanes' modes as they are known here; changes nothing.
-- ARGV: 'spill' or 'epochs', cursor, how much, database: some of its lanes named there. Or 'of' and JSON [[tenant, lane], ...].
-- Returns JSON {"cursor": "0" at the end, "modes": [[tenant, lane, spill, epoch], ...]}.
local modes, cursor = {}, '0'
local function add(tenant, lane)
  local spill, epoch = mode_of(place_name(tenant, lane))
  modes[#modes + 1] = {tenant, tonumber(lane), spill, epoch}
end

if ARGV[1] == 'of' then
  for _, item in ipairs(cjson.decode(ARGV[2])) do add(item[1], tostring(item[2])) end
else
  local answer = redis.call('HSCAN', ARGV[1] == 'spill' and spill_key or epochs_key, ARGV[2], 'COUNT', ARGV[3])
  cursor = answer[1]
  for i = 1, #answer[2], 2 do
    local tenant, lane = split_place(answer[2][i])
    if tenant and config(tenant).database == ARGV[4] then add(tenant, lane) end
  end
end
if #modes == 0 then modes = nil end
return cjson.encode({cursor = cursor, modes = modes})
