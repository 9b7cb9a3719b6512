-- What a member without a connection has not got. KEYS: 1 the member, 2 its inbox.
-- ARGV: 1 node, 2 generation, 3 up to which number it was written to, 4 whether that is all, 5 which version of the list
-- it was told; then number and text of each. Whoever takes the member over then need not ask its node.
local known = redis.call('HMGET', KEYS[1], 'node', 'g')
if known[1] ~= ARGV[1] or known[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'w', ARGV[3], 'pk', ARGV[4] == '1' and ARGV[2] or '', 'lv', ARGV[5])
for i = 6, #ARGV, 2 do redis.call('RPUSH', KEYS[2], 's' .. ARGV[i] .. ' ' .. ARGV[i + 1]) end
redis.call('LTRIM', KEYS[2], -256, -1)
redis.call('EXPIRE', KEYS[2], 60)
return 1
