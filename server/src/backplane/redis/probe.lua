-- Tries every command of the server's scripts on keys of its own, which expire.
-- KEYS: 1 a text, 2 a hash, 3 a stream, 4 a sorted set. ARGV: 1 command that publishes, 2 channel
-- Answers the commands this user has no permission for, each followed by the reason; any other error ends the script.
local refused = {}
local function try(command, ...)
  local answer = redis.pcall(command, ...)
  if type(answer) ~= 'table' or not answer.err then
    return
  end
  if not (answer.err:find('ACL failure') or answer.err:find('NOPERM') or answer.err:find('user executing')) then
    error(answer)
  end
  refused[#refused + 1] = command
  refused[#refused + 1] = answer.err
end

try('SET', KEYS[1], '1', 'PX', 10000)
try('EXPIRE', KEYS[1], 10)
try('PEXPIRE', KEYS[1], 10000)
try('DEL', KEYS[1])
-- Nothing is left behind: the rest could be neither removed nor made to expire.
if #refused > 0 then
  return refused
end
try('TIME')
try('GET', KEYS[1])
try('MGET', KEYS[1])
try('EXISTS', KEYS[1])
try('HSET', KEYS[2], 'f', '1')
try('HGET', KEYS[2], 'f')
try('HMGET', KEYS[2], 'f')
try('HGETALL', KEYS[2])
try('HKEYS', KEYS[2])
try('HDEL', KEYS[2], 'f')
try('XADD', KEYS[3], '*', 'f', '1')
try('XRANGE', KEYS[3], '-', '+')
try('XTRIM', KEYS[3], 'MAXLEN', 1)
try('ZADD', KEYS[4], 1, '1')
try('ZCOUNT', KEYS[4], '-inf', '+inf')
try('INFO', 'replication')
for _, key in ipairs(KEYS) do
  try('DEL', key)
end
try(ARGV[1], ARGV[2], 'probe')
return refused
