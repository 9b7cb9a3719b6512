-- Compare-and-set of the owner of a room. KEYS: 1 room, 2 era. ARGV: 1 lease in milliseconds, 2 to 4 owner, life and
-- term that are expected (life '' for nothing), 5 the claiming node, 6 a random number; then pairs of field and value, written
-- where nothing stood before.
-- Answers owner, life and term that stand otherwise, or where it won life, term, era, whether the journal is whole,
-- whether it was written in an earlier era; then pairs of field and value.
local room, lease = KEYS[1], tonumber(ARGV[1])
local wait = settling(KEYS[2], lease)
if wait then return {'wait', wait} end
local entry = standing(room)
local same = entry and entry.owner == ARGV[2] and entry.life == ARGV[3] and entry.term == ARGV[4]
if not same and (entry or ARGV[3] ~= '') then return stands(entry) end

local era = begin(KEYS[2])
-- No term comes twice, not even after a failover that lost the former one.
local term = NOW
if entry then term = math.max(NOW, tonumber(entry.term, 16) + 1) end
term = string.format('%016x', term)
local life = entry and entry.life or term .. ARGV[6]
if not entry then
    redis.call('DEL', room)
    write_fields(room, 7)
    redis.call('HSET', room, 'whole', '1', 'written', era)
end
redis.call('HDEL', room, 'number')
write_owner(room, {owner = ARGV[5], life = life, term = term}, era, ROOM_KEPT)
local journal = redis.call('HMGET', room, 'whole', 'written')
local answer = {'won', life, term, era, journal[1] or '0', journal[2] == era and '0' or '1'}
if journal[1] == '1' then
    local fields = redis.call('HGETALL', room)
    for at = 1, #fields, 2 do
        if string.sub(fields[at], 1, 2) == 'f:' then
            answer[#answer + 1] = string.sub(fields[at], 3)
            answer[#answer + 1] = fields[at + 1]
        end
    end
end
return answer
