-- What all share of a room, for a node in doubt; from here on it is told of every change.
-- KEYS[1] the room. ARGV[1] JSON: at, room, node, members of the node (user, session, generation, seen, birth),
-- publishers it knows of (user, session), whether it wants to be told.
local ask = cjson.decode(ARGV[1])
local at, room, node = ask.at, ask.room, ask.node
local LIFE = 3600
local function rest(user, session) return room .. ':' .. #user .. ':' .. user .. ':' .. session end
if redis.call('EXISTS', at .. 'x:' .. node) == 1 then return {'fenced'} end
local RESTORING = 10
local known = redis.call('HMGET', KEYS[1], 'v', 'd', 'c', 'm')
local lost = not known[1] or (known[4] and tonumber(redis.call('TIME')[1]) - tonumber(known[4]) < RESTORING)
if known[2] then
    if ask.stays then
        redis.call('HSET', at .. 'rn:' .. room, node, 1)
        redis.call('SADD', at .. 'ni:' .. node, room)
        redis.call('EXPIRE', at .. 'ni:' .. node, 24 * LIFE)
    end
    redis.call('EXPIRE', KEYS[1], LIFE)
    redis.call('EXPIRE', at .. 'rn:' .. room, LIFE)
    redis.call('EXPIRE', at .. 'va:' .. room, LIFE)
    redis.call('EXPIRE', at .. 'mn:' .. room .. ':' .. node, LIFE)
end
local members, orphans = {}, {}
for _, one in ipairs(ask.members) do
    local key = at .. 's:' .. rest(one[1], one[2])
    local kept = redis.call('HMGET', key, 'node', 'k', 'g', 'b')
    if not kept[1] then
        members[#members + 1] = {'unknown'}
    elseif kept[1] ~= node then
        -- An older membership was put back in place of this one.
        members[#members + 1] = {tonumber(kept[3]) < tonumber(one[3]) and 'unknown' or 'moved'}
    else
        redis.call('EXPIRE', key, LIFE)
        redis.call('EXPIRE', at .. 'u:' .. room .. ':' .. one[1], LIFE)
        local entries = {}
        -- A membership that has just begun counts anew.
        if (kept[4] or '0') ~= one[5] then kept[2] = one[4] end
        if tonumber(kept[2]) > tonumber(one[4]) then entries = redis.call('LRANGE', at .. 'o:' .. rest(one[1], one[2]), 0, -1) end
        members[#members + 1] = {'here', kept[2], entries}
    end
end
for _, one in ipairs(ask.publishers) do
    if redis.call('EXISTS', at .. 's:' .. rest(one[1], one[2])) == 0 then orphans[#orphans + 1] = one end
end
return {'synced', known[1] or '0', known[2] or '', known[3] or '', members, orphans, lost and '1' or '0'}
