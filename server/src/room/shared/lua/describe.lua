-- A member of this node has another description or other tokens. KEYS[1] the member.
-- ARGV: 1 node, 2 generation, 3 description, 4 and 5 tokens, 6 whether it keeps them.
local known = redis.call('HMGET', KEYS[1], 'node', 'g')
if known[1] ~= ARGV[1] or known[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'd', ARGV[3], 'rt', ARGV[4], 'et', ARGV[5], 'kt', ARGV[6])
return 1
