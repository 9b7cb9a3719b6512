-- Who a dead node had in a room. KEYS[1] the room. ARGV: 1 key prefix, 2 room, 3 the dead node, 4 how many at most.
local at, room, dead = ARGV[1], ARGV[2], ARGV[3]
local place = at .. 'mn:' .. room .. ':' .. dead
local known = redis.call('HMGET', KEYS[1], 'v', 'd', 'c')
local members = redis.call('SRANDMEMBER', place, tonumber(ARGV[4]))
for _, name in ipairs(members) do
    -- Who has gone on to another node, or is forgotten, is nobody's to remove.
    local there = redis.call('HGET', at .. 's:' .. room .. ':' .. name, 'node')
    if there ~= dead then redis.call('SREM', place, name) end
end
return {known[1] or '0', known[2] or '', known[3] or '', members, redis.call('SCARD', place)}
