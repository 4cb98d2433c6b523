-- Shared by every script, behind work.lua: how many bundles of a database may be in work,
-- and which database is next. A bundle is a transaction on a connection, so bundles are counted, not lanes.
--
--   nodes              hash   owner -> "<slots> <until>": bundles a live node can run at once; told every second
--   turns              hash   database -> shift of its virtual time;  '' -> time of the database last chosen
--   rest:<database>:<owner>   present while this node leaves this database alone, because it could not reach it
--   load:<database>    hash   only what there is to say, forgotten ten minutes after the last strain or raise:
--     total              most bundles in work on all nodes, as the nodes are configured
--     limit              most bundles in work for now; absent: only the total limits
--     known              up to here the limit doubles: so much was borne before the last strain
--     cut, raised        when the limit was last lowered and raised
--     strain, strained   what was felt last, and when
local raise_ms = 1000 -- the limit rises once in this time at most, so that its effect can be felt
local well_ms = 1000 -- a bundle settled so lately proves that the database works
local rest_ms = 1000
local forget_ms = 600000
local slack_ms = 1000 -- how much of its turn a database may save up

local function heed_total(database, total)
  local key = load_key(database)
  if tonumber(redis.call('HGET', key, 'total') or 0) == total then return end
  if total > 0 then
    redis.call('HSET', key, 'total', total)
  else
    redis.call('HDEL', key, 'total')
  end
end

local function in_work(database, now) return redis.call('ZCOUNT', live_key(database), now, '+inf') end

-- How many more bundles may be leased. owner: the node that asks; without, whether there is anything for anybody.
local function room(database, now, owner)
  local row = redis.call('HMGET', load_key(database), 'limit', 'total', 'strained')
  if owner and row[3] and redis.call('EXISTS', rest_key(database, owner)) == 1 then return 0 end
  local most = math.min(tonumber(row[1] or math.huge), tonumber(row[2] or math.huge))
  return most < math.huge and most - in_work(database, now) or most
end

-- One mark at most: it is a hint that somebody should lease, not a count.
local function wake(database)
  if redis.call('LLEN', wake_queue) > 0 or redis.call('ZCARD', ring_key(database)) == 0 then return end
  if room(database, now_ms()) > 0 then redis.call('RPUSH', wake_queue, '1') end
end

-- Bundles of one database that could be in work: all slots of the live nodes, or the total. 0: no node has told yet.
local function ceiling(database, now)
  local sum, nodes = 0, redis.call('HGETALL', nodes_key)
  for i = 2, #nodes, 2 do
    local slots, till = string.match(nodes[i], '^(%d+) (%d+)$')
    if tonumber(till) > now then sum = sum + slots end
  end
  return math.min(sum, tonumber(redis.call('HGET', load_key(database), 'total') or sum))
end

-- The limit follows strain: additive increase, multiplicative decrease (Chiu and Jain 1989), doubling up to half of
-- what was borne (slow start, Jacobson 1988), so that it comes back from an outage in seconds on a large cluster
-- too. since: when the bundle that felt it was leased. What began before the last cut says nothing of the
-- limit that cut made: one incident felt by many bundles counts once.
local function strained(database, kind, since, now)
  local key = load_key(database)
  local row = redis.call('HMGET', key, 'limit', 'known', 'cut', 'raised')
  local limit, known, cut, raised = tonumber(row[1]), tonumber(row[2]), tonumber(row[3]), tonumber(row[4])
  redis.call('HSET', key, 'strain', kind, 'strained', now)
  redis.call('PEXPIRE', key, forget_ms)
  if cut and since <= cut then return end
  local used = in_work(database, now)
  local most = limit or math.max(used, ceiling(database, now))
  if not cut or (raised and raised > cut) then known = math.max(1, math.floor(most / 2)) end
  local lost = kind == 'down' or kind == 'stuck'
  limit = lost and 1 or math.max(1, math.floor(math.min(most, used) / 2))
  redis.call('HSET', key, 'limit', limit, 'known', known, 'cut', now)
end

-- A bundle settled without strain: the limit rises if it is what holds back, until all slots have room.
local function eased(database, now)
  redis.call('HSET', own_key(database), '#well', now)
  local key = load_key(database)
  local row = redis.call('HMGET', key, 'limit', 'known', 'cut', 'raised')
  local limit = tonumber(row[1])
  if not limit or now - math.max(row[3], row[4] or 0) < raise_ms or in_work(database, now) < limit then return end
  limit = limit < tonumber(row[2]) and math.min(limit * 2, row[2]) or limit + 1
  local most = ceiling(database, now)
  if most > 0 and limit >= most then
    redis.call('HDEL', key, 'limit', 'known', 'cut', 'raised')
  else
    redis.call('HSET', key, 'limit', limit, 'raised', now)
    redis.call('PEXPIRE', key, forget_ms)
  end
end

local function works_well(database, now)
  return now - tonumber(redis.call('HGET', own_key(database), '#well') or 0) < well_ms
end

-- A node could not reach the database and rests. Others that can prove that the trouble is its own: true.
local function out_of_reach(database, owner, since, now)
  redis.call('SET', rest_key(database, owner), 1, 'PX', rest_ms)
  if not works_well(database, now) then
    strained(database, 'down', since, now)
    return false
  end
  redis.call('HSET', load_key(database), 'strain', 'one node', 'strained', now)
  redis.call('PEXPIRE', load_key(database), forget_ms)
  return true
end

-- A bundle was held for long and came to nothing. The time counts as its database's turn: a node of one slot gives
-- a database that hangs no more time than the others.
local function wasted(database, since, now)
  if not works_well(database, now) then strained(database, 'stuck', since, now) end
  if redis.call('HEXISTS', turns_key, database) == 1 then
    local tenants = redis.call('ZCARD', ring_key(database)) + redis.call('ZCARD', away_key(database))
    redis.call('HINCRBYFLOAT', turns_key, database, (now - since) / math.max(1, tenants))
  end
end

-- Which of the databases is next; nil when none can be. Their tenants' virtual times are all in milliseconds of work
-- for one tenant of weight 1, so the smallest goes first, as if all tenants were in one ring. One that had nothing to
-- lease, or no room, has its time shifted on: it saves up nothing. alone: this node works for no other.
local function choose(databases, alone, owner, now)
  local heads, count, only = {}, 0, nil
  for _, database in ipairs(databases) do
    local head = redis.call('ZRANGE', ring_key(database), 0, 0, 'WITHSCORES')
    if head[1] and room(database, now, owner) > 0 then
      heads[database], count, only = tonumber(head[2]), count + 1, database
    end
  end
  if alone or count == 0 then return only end
  local turns, clock, chosen, first = {}, 0, nil, math.huge
  local row = redis.call('HGETALL', turns_key)
  for i = 1, #row, 2 do turns[row[i]] = tonumber(row[i + 1]) end
  clock = turns[''] or 0
  for _, database in ipairs(databases) do
    local head = heads[database]
    local time = head and head + (turns[database] or -math.huge)
    if head and time < clock - slack_ms then
      time = clock
      redis.call('HSET', turns_key, database, string.format('%.6f', clock - head))
    end
    if head and time < first then chosen, first = database, time end
  end
  if first > clock then redis.call('HSET', turns_key, '', string.format('%.6f', first)) end
  return chosen
end
