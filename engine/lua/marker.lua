#!lua flags=allow-oom
-- marker: whether Redis has lost nothing since the lanes of a database were last rebuilt from the journal, and the two
-- ends of a rebuild.
-- ARGV: database: look. A token too: begin a rebuild, until whose end nothing is leased or pushed. The token and the id
-- of the rebuild: end it, unless Redis lost its memory meanwhile or another rebuild began.
-- Returns the id of the last rebuild, or false when there is none or something may have been lost since.
local database, token, id = ARGV[1], ARGV[2], ARGV[3]
local key = journal_key(database)
if token and not id then
  redis.call('DEL', key)
  redis.call('HSET', key, 'token', token, 'run', run_of_server())
elseif token then
  local begun = redis.call('HMGET', key, 'token', 'run')
  if begun[1] == token and begun[2] == run_of_server() then
    redis.call('HDEL', key, 'token')
    redis.call('HSET', key, 'id', id)
  end
end
return guarded(database)
