-- Writes an ownership unless the one that stands there prevails; also while the era settles. KEYS: 1 era, then rooms. ARGV: 1
-- lease in milliseconds; then for each room owner, life and term. Answers each.
local wait, era = settling(KEYS[1], tonumber(ARGV[1])), era_at(KEYS[1])
local answers = {}
for at = 2, #KEYS do
    local first = (at - 2) * 3 + 2
    local mine = {owner = ARGV[first], life = ARGV[first + 1], term = ARGV[first + 2]}
    local entry, prevails = standing(KEYS[at]), false
    if entry and entry.life == mine.life then
        -- An owner that has asserted in this era and writes nothing would never learn of a greater owner that comes
        -- after the settling, and go on beside it.
        local other = entry.owner ~= mine.owner or entry.term ~= mine.term
        prevails = is_newer(entry, mine) or (not wait and other and entry.asserted == (era or ''))
    elseif entry then
        -- A life that nobody has asserted in this era may have ended before a failover that lost its end.
        prevails = not wait or (entry.asserted == (era or '') and entry.life < mine.life)
    end
    if prevails then
        answers[#answers + 1] = stands(entry)
    else
        if not entry or entry.life ~= mine.life then redis.call('DEL', KEYS[at]) end
        if entry and (entry.owner ~= mine.owner or entry.term ~= mine.term) then redis.call('HDEL', KEYS[at], 'number') end
        write_owner(KEYS[at], mine, era, ROOM_KEPT)
        answers[#answers + 1] = {'done'}
    end
end
return answers
