-- Deletes a room of this owner, or clears its owner and keeps these fields for the next one. KEYS: 1 room, 2 era.
-- ARGV: 1 to 3 owner, life and term, 4 whether it is kept; then pairs of field and value.
local room, entry = KEYS[1], standing(KEYS[1])
if not entry or entry.owner ~= ARGV[1] or entry.life ~= ARGV[2] or entry.term ~= ARGV[3] then return {'done'} end
if ARGV[4] ~= '1' then
    redis.call('DEL', room)
    return {'done'}
end
clear_fields(room)
write_fields(room, 5)
redis.call('HSET', room, 'owner', '', 'whole', '1', 'written', era_at(KEYS[2]) or '')
redis.call('PEXPIRE', room, RELEASED_KEPT)
return {'done'}
