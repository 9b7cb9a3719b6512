-- Writes changes of an owner to the journal. KEYS: 1 room, 2 era. ARGV: 1 lease in milliseconds, 2 to 4 owner, life
-- and term, 5 the era in which the journal was last written whole ('' for a whole write), 6 the number of the write,
-- 7 how many fields are deleted, then these, then pairs of field and value.
local room = KEYS[1]
local wait = settling(KEYS[2], tonumber(ARGV[1]))
if wait then return {'wait', wait} end
local entry = standing(room)
if not entry then return {'lost'} end
local mine = {owner = ARGV[2], life = ARGV[3], term = ARGV[4]}
if entry.life ~= mine.life or is_newer(entry, mine) then return stands(entry) end

-- A write that was given up comes late, behind its own repetition.
local own, number = entry.owner == mine.owner and entry.term == mine.term, tonumber(ARGV[6])
if own and number < entry.number then return {'lost'} end
local era, is_whole = begin(KEYS[2]), ARGV[5] == ''
if not is_whole and (is_newer(mine, entry) or ARGV[5] ~= era or redis.call('HGET', room, 'whole') ~= '1') then
    return {'lost'}
end
if is_whole then clear_fields(room) end
local deleted = tonumber(ARGV[7])
for at = 8, 7 + deleted do redis.call('HDEL', room, 'f:' .. ARGV[at]) end
write_fields(room, 8 + deleted)
if own then redis.call('HSET', room, 'number', ARGV[6]) end
redis.call('HSET', room, 'whole', '1', 'written', era)
redis.call('PEXPIRE', room, ROOM_KEPT)
return {'done'}
