-- Appends to the log of a stream, or puts back what was lost of it, and tells the other nodes: all or nothing, and
-- only on the state that the writer knows. Otherwise it answers what the writer does not know.
--
-- KEYS: set of playlists, hash, list, nodes of the room, fence of the writer
-- ARGV: command and prefix to publish with, node, playlist, expected version and nonce, new version and nonce,
--       checkpoint of the new state or nothing, life in ms, most playlists, lines kept before a checkpoint, message,
--       then the lines, none when a checkpoint takes the place of all
local set, hash, list = KEYS[1], KEYS[2], KEYS[3]
if redis.call('EXISTS', KEYS[5]) == 1 then return {'fenced'} end
local known = state(set, hash, list, ARGV[4], tonumber(ARGV[5]), ARGV[6])
if known[2] ~= tonumber(ARGV[5]) or known[3] ~= ARGV[6] then return {'other', known} end

if known[2] == 0 then
  if redis.call('SISMEMBER', set, ARGV[4]) == 0 then
    if redis.call('SCARD', set) >= tonumber(ARGV[11]) then return {'full'} end
    redis.call('SADD', set, ARGV[4])
  end
  redis.call('DEL', hash, list)
  redis.call('HSET', hash, 'f', 0, 'fn', '')
end
for line = 14, #ARGV do redis.call('RPUSH', list, ARGV[line]) end
redis.call('HSET', hash, 'v', ARGV[7], 'n', ARGV[8])
if #ARGV < 14 then
  redis.call('DEL', list)
  redis.call('HSET', hash, 'f', ARGV[7], 'fn', ARGV[8])
end
if ARGV[9] ~= '' then
  redis.call('HSET', hash, 'c', ARGV[9], 'b', ARGV[7])
  local over = redis.call('LLEN', list) - tonumber(ARGV[12])
  if over > 0 then
    local last = redis.call('LINDEX', list, over - 1)
    redis.call('LTRIM', list, over, -1)
    redis.call('HINCRBY', hash, 'f', over)
    redis.call('HSET', hash, 'fn', string.sub(last, 1, NONCE))
  end
end
for _, key in ipairs({set, hash, list}) do redis.call('PEXPIRE', key, ARGV[10]) end
for _, node in ipairs(redis.call('HKEYS', KEYS[4])) do
  if node ~= ARGV[3] then redis.call(ARGV[1], ARGV[2] .. node, ARGV[13]) end
end
return {'done'}
