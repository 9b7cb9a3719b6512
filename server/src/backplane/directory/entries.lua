-- Entries that every node has: those that this one lacks, after those that it adds. An entry is kept once.
-- KEYS: 1 the fields that all share, 2 the place of each entry, 3 the entry at each place. ARGV: 1 the era and 2 the place up
-- to which this node has them, 3 the name of a new beginning, 4 the most entries, 5 the most of one answer, 6 the time in
-- milliseconds for which the youngest is kept, 7 the number of entries to be dropped; these; then those to be added.
-- Answers the era, the place up to which it answers, the last place, and the entries.
local count = tonumber(ARGV[7])
local first = 8 + count
local beginning = redis.call('HGET', KEYS[1], 'beginning')
if not beginning then
    if #ARGV < first then
        return {master() .. ':', '0', '0'}
    end
    beginning = ARGV[3]
    redis.call('HSET', KEYS[1], 'beginning', beginning, 'last', '0', 'held', '0')
end
local last = tonumber(redis.call('HGET', KEYS[1], 'last'))
local held = tonumber(redis.call('HGET', KEYS[1], 'held'))
for i = 8, first - 1 do
    local place = redis.call('HGET', KEYS[2], ARGV[i])
    if place then
        redis.call('HDEL', KEYS[2], ARGV[i])
        redis.call('HDEL', KEYS[3], place)
        held = held - 1
    end
end
for i = first, #ARGV do
    if not redis.call('HGET', KEYS[2], ARGV[i]) then
        if held >= tonumber(ARGV[4]) then
            return {'full'}
        end
        last, held = last + 1, held + 1
        redis.call('HSET', KEYS[2], ARGV[i], last)
        redis.call('HSET', KEYS[3], last, ARGV[i])
    end
end
if #ARGV >= 8 then
    redis.call('HSET', KEYS[1], 'last', last, 'held', held)
    for _, key in ipairs(KEYS) do
        redis.call('PEXPIRE', key, ARGV[6])
    end
end
local era = master() .. ':' .. beginning
local from = era == ARGV[1] and tonumber(ARGV[2]) or 0
local to = math.min(last, from + tonumber(ARGV[5]))
local answer = {era, string.format('%.0f', to), string.format('%.0f', last)}
if to > from then
    local places = {}
    for place = from + 1, to do
        places[#places + 1] = place
    end
    for _, entry in ipairs(redis.call('HMGET', KEYS[3], unpack(places))) do
        if entry then
            answer[#answer + 1] = entry
        end
    end
end
return answer
