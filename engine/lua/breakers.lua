#!lua flags=allow-oom
-- breakers: what processes have stopped burying, and why. One that has not said so for two minutes has gone.
-- ARGV: nothing, or a process and its words; '' when it buries again.
-- Returns the processes and their words, one after the other.
local now, silent = now_ms(), 120000
if ARGV[1] and ARGV[2] == '' then
  redis.call('HDEL', breakers_key, ARGV[1])
elseif ARGV[1] then
  redis.call('HSET', breakers_key, ARGV[1], string.format('%d ', now) .. ARGV[2])
end
local rows, result = redis.call('HGETALL', breakers_key), {}
for i = 1, #rows, 2 do
  local at, words = string.match(rows[i + 1], '^(%d+) (.*)$')
  if at and now - at < silent then
    result[#result + 1] = rows[i]
    result[#result + 1] = words
  else
    redis.call('HDEL', breakers_key, rows[i])
  end
end
return result
