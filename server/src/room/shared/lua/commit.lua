-- Changes a room for all nodes, if it still is what the caller decided on.
-- KEYS[1] the room. ARGV: 1 what is to be done (JSON), 2 the document or nothing.
-- Answers {'committed', version, users spread over nodes} or why nothing was done.
local ask, document = cjson.decode(ARGV[1]), ARGV[2]
local at, room, node = ask.at, ask.room, ask.node
local SPAN, LIFE, AFTERLIFE = 1048576, 3600, 60
local room_key, nodes_key, viewers_key = KEYS[1], at .. 'rn:' .. room, at .. 'va:' .. room

local function whole(number) return string.format('%.0f', number) end
local function tell(there, message) return redis.call(ask.publish, at .. 'n:' .. there, message) end
local function member(user, session) return at .. 's:' .. room .. ':' .. #user .. ':' .. user .. ':' .. session end
local function inbox(user, session) return at .. 'o:' .. room .. ':' .. #user .. ':' .. user .. ':' .. session end
local function former(user, session) return at .. 't:' .. room .. ':' .. #user .. ':' .. user .. ':' .. session end
local function sessions(user) return at .. 'u:' .. room .. ':' .. user end
local function place(there) return at .. 'mn:' .. room .. ':' .. there end
local function name(user, session) return #user .. ':' .. user .. ':' .. session end

-- A Redis that stood still runs what it was sent long ago; whoever sent it has given up, and may have done otherwise.
local TIME = redis.call('TIME')
if TIME[1] * 1000 + TIME[2] / 1000 > tonumber(ask.till) then return {'late'} end
if not ask.reaper and redis.call('EXISTS', at .. 'x:' .. node) == 1 then return {'fenced'} end

local known = redis.call('HMGET', room_key, 'v', 'n', 'c', 'd', 'p')
local version, closed = tonumber(known[1] or '0'), known[3]
if known[2] == ask.nonce then return {'committed', whole(version), {}} end

-- What there is not may only be lost: until all nodes have put back what they know, nothing is made in its place.
local YOUNG = 3
if version == 0 and not ask.restores then
    local since, now = redis.call('GET', at .. 'e'), tonumber(TIME[1])
    if not since or now - tonumber(since) < YOUNG then return {'young'} end
end

-- Who wants to join and is a member already comes here, wherever it was.
local function arrive(o, key, there)
    local kept = redis.call('HMGET', key, 'g', 'd', 'rt', 'et', 'kt', 'k', 'w', 'pk', 'b', 'lv')
    if kept[5] == '1' and not (o.ot ~= '' and (o.ot == kept[3] or o.ot == kept[4])) then
        return {o.u, o.s, 'denied'}
    end
    local generation = math.max(tonumber(kept[1]) + 1, tonumber(o.g))
    local count = tonumber(kept[6])
    if o.had then count = math.max(count, math.floor(tonumber(o.had) / SPAN)) end
    count = count + 1
    local entries = redis.call('LRANGE', inbox(o.u, o.s), 0, -1)
    redis.call('RPUSH', inbox(o.u, o.s), 'c' .. whole(count) .. ' ')
    redis.call('EXPIRE', inbox(o.u, o.s), AFTERLIFE)
    redis.call('HSET', key, 'node', node, 'g', whole(generation), 'k', whole(count), 'rt', o.rt,
        'et', o.ot ~= '' and o.ot or kept[3], 'kt', (kept[5] == '1' or o.kt) and '1' or '0')
    redis.call('EXPIRE', key, LIFE)
    redis.call('SREM', place(there), name(o.u, o.s))
    redis.call('SADD', place(node), name(o.u, o.s))
    redis.call('EXPIRE', place(node), LIFE)
    redis.call('HSET', nodes_key, node, 1)
    redis.call('SADD', at .. 'ni:' .. node, room)
    local asked, told = 0, ''
    if there ~= node then
        -- All that its node has for it may be here already.
        local parked = kept[8] == kept[1]
        local to = parked and '' or node
        -- A node whose last member it was is not in the room any more.
        local last = redis.call('SCARD', place(there)) == 0
        if last then
            redis.call('HDEL', nodes_key, there)
            redis.call('HDEL', viewers_key, there)
            redis.call('SREM', at .. 'ni:' .. there, room)
        end
        local taken = room .. '\n' .. o.u .. '\n' .. o.s .. '\n' .. whole(generation)
        asked = tell(there, 'T' .. taken .. '\n' .. to .. '\n' .. (last and '1' or '0'))
        if parked then asked, told = 0, kept[10] end
    end
    return {o.u, o.s, 'ok', kept[2], kept[3], whole(generation), whole(count), kept[7] or '0', asked, entries,
        there == node and '1' or '0', kept[9] or '0', told}
end

local function meant(o)
    local found = {}
    for _, session in ipairs(o.s and {o.s} or redis.call('SMEMBERS', sessions(o.u))) do
        local there = redis.call('HGET', member(o.u, session), 'node')
        if there then found[#found + 1] = {session, there} end
    end
    return found
end

local present, moved, nobody, left, behind = {}, {}, {}, {}, 0
for _, o in ipairs(ask.operations) do
    if o.o == 'R' then
        local kept = redis.call('HMGET', member(o.u, o.s), 'node', 'g')
        local elsewhere = kept[1] and kept[1] ~= node and tonumber(kept[2]) >= tonumber(o.g)
        local gone = tonumber(redis.call('GET', former(o.u, o.s)) or '0') >= tonumber(o.g)
        if elsewhere or gone then moved[#moved + 1] = {o.u, o.s} end
    elseif o.o == 'L' then
        left[member(o.u, o.s)] = true
        local kept = redis.call('HMGET', member(o.u, o.s), 'node', 'g')
        local newer = kept[1] and tonumber(o.g) > 0 and tonumber(kept[2]) > tonumber(o.g)
        if newer or (kept[1] and kept[1] ~= node) then moved[#moved + 1] = {o.u, o.s} end
    elseif (o.o == 'J' or o.o == 'P') and version > 0 and not closed and not left[member(o.u, o.s)] then
        local there = redis.call('HGET', member(o.u, o.s), 'node')
        if there then
            present[#present + 1] = arrive(o, member(o.u, o.s), there)
        elseif o.o == 'J' then
            -- Who comes in again is later than who left, though this node's clock be behind.
            local gone = tonumber(redis.call('GET', former(o.u, o.s)) or '0')
            if gone >= tonumber(o.g) then behind = math.max(behind, gone) end
        end
    elseif o.o == 'K' and #meant(o) == 0 then
        nobody[#nobody + 1] = {o.u, o.s or ''}
    end
end
if #present > 0 then return {'present', present, whole(version), known[4] or ''} end
if behind > 0 then return {'behind', whole(behind)} end
if #moved > 0 then return {'moved', moved} end
-- The room may have ended with the very change that the caller made.
if version ~= tonumber(ask.expected) or (closed and ask.open) then
    return {'conflict', whole(version), (closed or not known[4]) and '' or known[4]}
end
if #nobody > 0 then return {'nobody', nobody} end

local changed = document ~= ''
if changed then
    version = math.max(version, tonumber(ask.above)) + 1
    redis.call('HSET', room_key, 'v', whole(version), 'n', ask.nonce, 'd', document, 'p', ask.publishers)
    if closed then redis.call('HDEL', room_key, 'c') end
    -- Members may be missing until every node has compared.
    if ask.restores then redis.call('HSET', room_key, 'm', TIME[1]) end
    closed = false
end
if version == 0 or closed then return {'committed', whole(version), {}} end

-- Somebody is out. A node that has not heard of it must not put it back.
local function remove(user, session, there, generation)
    local known = redis.call('HGET', member(user, session), 'g')
    generation = math.max(tonumber(known or '0'), generation)
    if not ask.reaper and generation > 0 then
        redis.call('SET', former(user, session), whole(generation), 'EX', AFTERLIFE)
    end
    redis.call('DEL', member(user, session), inbox(user, session))
    redis.call('SREM', sessions(user), session)
    redis.call('SREM', place(there), name(user, session))
end

local spread = {}
for _, o in ipairs(ask.operations) do
    if o.o == 'J' or o.o == 'R' then
        local key = member(o.u, o.s)
        local count = o.had and math.floor(tonumber(o.had) / SPAN) + 1 or 0
        if o.o == 'J' then redis.call('DEL', key, inbox(o.u, o.s), former(o.u, o.s)) end
        local before = tonumber(redis.call('HGET', key, 'k') or '0')
        local other = redis.call('HGET', key, 'node')
        if other and other ~= node then
            redis.call('SREM', place(other), name(o.u, o.s))
            tell(other, 'T' .. room .. '\n' .. o.u .. '\n' .. o.s .. '\n' .. o.g .. '\n' .. node .. '\n0')
        end
        redis.call('HSET', key, 'node', node, 'g', o.g, 'd', o.d, 'rt', o.rt, 'et', o.ot, 'kt', o.kt and '1' or '0',
            'k', whole(math.max(count, before)), 'w', '0', 'b', o.b)
        redis.call('EXPIRE', key, LIFE)
        redis.call('SADD', sessions(o.u), o.s)
        redis.call('EXPIRE', sessions(o.u), LIFE)
        redis.call('SADD', place(node), name(o.u, o.s))
        redis.call('EXPIRE', place(node), LIFE)
        if redis.call('SCARD', sessions(o.u)) > 1 then
            for _, session in ipairs(redis.call('SMEMBERS', sessions(o.u))) do
                local there = redis.call('HGET', member(o.u, session), 'node')
                if there and there ~= node then
                    if #spread == 0 or spread[#spread] ~= o.u then spread[#spread + 1] = o.u end
                    tell(there, 'W' .. room .. '\n' .. o.u)
                end
            end
        end
    elseif o.o == 'A' then
        local key, box = member(o.u, o.s), inbox(o.u, o.s)
        local there = redis.call('HGET', key, 'node')
        if there then
            local count = whole(redis.call('HINCRBY', key, 'k', 1))
            redis.call('RPUSH', box, 'c' .. count .. ' ' .. o.t)
            redis.call('EXPIRE', box, AFTERLIFE)
            local birth = redis.call('HGET', key, 'b') or '0'
            tell(there, 'R' .. room .. '\n' .. o.u .. '\n' .. o.s .. '\n' .. count .. '\n' .. birth .. '\n' .. o.t)
        end
    elseif o.o == 'L' then
        remove(o.u, o.s, node, tonumber(o.g))
    elseif o.o == 'K' then
        for _, pair in ipairs(meant(o)) do
            local session, there = pair[1], pair[2]
            remove(o.u, session, there, 0)
            if there ~= node then
                tell(there, 'K' .. room .. '\n' .. o.u .. '\n' .. session .. '\n' .. o.t)
            end
        end
    end
end

if ask.present then
    redis.call('HSET', nodes_key, node, 1)
    redis.call('SADD', at .. 'ni:' .. node, room)
    redis.call('EXPIRE', at .. 'ni:' .. node, 24 * LIFE)
    if ask.viewers > 0 then redis.call('HSET', viewers_key, node, ask.viewers) else redis.call('HDEL', viewers_key, node) end
    redis.call('EXPIRE', viewers_key, LIFE)
else
    redis.call('HDEL', nodes_key, node)
    redis.call('HDEL', viewers_key, node)
    redis.call('SREM', at .. 'ni:' .. node, room)
    redis.call('DEL', place(node))
end

local publishers = changed and ask.publishers or tonumber(known[5] or '0')
local over = ask.ends and 'ended'
if not over and publishers == 0 and redis.call('HLEN', viewers_key) == 0 then over = 'empty' end
local message
if over then
    message = 'C' .. room .. '\n' .. whole(version) .. '\n' .. over
elseif changed then
    message = 'S' .. room .. '\n' .. whole(version) .. '\n' .. document
end
if message then
    for _, there in ipairs(redis.call('HKEYS', nodes_key)) do
        if there ~= node then tell(there, message) end
    end
end
if over then
    redis.call('HSET', room_key, 'c', over)
    redis.call('HDEL', room_key, 'd', 'p')
    redis.call('EXPIRE', room_key, AFTERLIFE)
    redis.call('DEL', nodes_key, viewers_key)
else
    redis.call('EXPIRE', room_key, LIFE)
    redis.call('EXPIRE', nodes_key, LIFE)
end
return {'committed', whole(version), spread}
