-- Renews the expiry of rooms that this node owns. KEYS: rooms. ARGV: for each owner, life and term.
for at, key in ipairs(KEYS) do
    local entry, first = standing(key), (at - 1) * 3 + 1
    if entry and entry.owner == ARGV[first] and entry.life == ARGV[first + 1] and entry.term == ARGV[first + 2] then
        redis.call('PEXPIRE', key, ROOM_KEPT)
    end
end
return {'done'}
