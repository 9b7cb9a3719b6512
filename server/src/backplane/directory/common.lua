-- Numbers that only have an order are hexadecimal texts of 16 digits, since those of Lua are exact up to 2^53 only. A
-- life is two of them, an era the id of its master and the time of its beginning.
local ROOM_KEPT, RELEASED_KEPT, ERA_KEPT = 600000, 60000, 300000
local NOW, MASTER = now_ms(), master()

local function of_this_master(era)
    if era and string.match(era, '^(%x+):') == MASTER then return era end
    return nil
end

local function era_at(key) return of_this_master(redis.call('GET', key)) end

local function begin(key)
    local era = era_at(key)
    if not era then
        era = MASTER .. ':' .. string.format('%.0f', NOW)
        redis.call('SET', key, era)
    end
    redis.call('PEXPIRE', key, ERA_KEPT)
    return era
end

-- Milliseconds for which an era still settles; nil once it has.
local function left(era, lease)
    -- A clock that was set back must not prolong the settling.
    local passed = math.max(0, NOW - tonumber(string.match(era, ':(%d+)$')))
    if passed < lease then return lease - passed end
    return nil
end

local function settling(key, lease)
    local era = era_at(key)
    if not era then return lease end
    return left(era, lease)
end

-- Owner ('' for none), life and term of a room, the era in which it was asserted, the number of the owner's last write;
-- nil where nothing stands.
local function standing(key)
    local entry = redis.call('HMGET', key, 'owner', 'life', 'term', 'asserted', 'number')
    if not entry[2] then return nil end
    return {owner = entry[1], life = entry[2], term = entry[3], asserted = entry[4],
        number = tonumber(entry[5] or '0')}
end

local function stands(entry)
    if not entry then return {'stands'} end
    return {'stands', entry.owner, entry.life, entry.term}
end

-- The greater (term, boot id) of two owners of one life prevails; no owner is less than any.
local function is_newer(one, other)
    if one.term ~= other.term then return one.term > other.term end
    return one.owner > other.owner
end

local function write_owner(key, entry, era, kept)
    redis.call('HSET', key, 'owner', entry.owner, 'life', entry.life, 'term', entry.term, 'asserted', era or '')
    redis.call('PEXPIRE', key, kept)
end

-- The fields of the journal have a prefix of their own.
local function clear_fields(key)
    local fields = redis.call('HKEYS', key)
    for _, field in ipairs(fields) do
        if string.sub(field, 1, 2) == 'f:' then redis.call('HDEL', key, field) end
    end
end

-- Pairs of field and value from an argument on.
local function write_fields(key, from)
    for at = from, #ARGV, 2 do redis.call('HSET', key, 'f:' .. ARGV[at], ARGV[at + 1]) end
end
