-- Who a recipient's sessions are. KEYS[1] the room. ARGV: 1 key prefix, 2 room, 3 user, 4 session or nothing.
local at, room, user = ARGV[1], ARGV[2], ARGV[3]
local found = {}
for _, session in ipairs(ARGV[4] ~= '' and {ARGV[4]} or redis.call('SMEMBERS', at .. 'u:' .. room .. ':' .. user)) do
    local known = redis.call('HGET', at .. 's:' .. room .. ':' .. #user .. ':' .. user .. ':' .. session, 'd')
    if known then found[#found + 1] = known end
end
return found
