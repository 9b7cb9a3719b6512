-- Signals for members wherever they are. KEYS[1] the room.
-- ARGV: 1 key prefix, 2 publishing command, 3 room, 4 node, 5 who counts the tickets; then for every signal: its
-- ticket, its text, how many targets, each a user and a session or nothing, how many exceptions, each a user and a
-- session. A signal whose ticket is no higher than one that was carried out was carried out, too.
-- Answers {'later'} while the room, or some of its members, may only be missing for now: the rest is to be asked again.
-- Else for every signal how many it was for, and for those on the asking node: user, session, count,
-- birth. Where it was carried out before, 'again' and for each on the asking node how many it has been sent by now.
local at, publish, room, node, field = ARGV[1], ARGV[2], ARGV[3], ARGV[4], 'f' .. ARGV[5]
local MOST, AFTERLIFE, RESTORING = 128, 60, 4
local next_arg, answer = 6, {}
local known = redis.call('HMGET', KEYS[1], 'v', 'm', field)
local done = tonumber(known[3] or '0')
local function take() next_arg = next_arg + 1 return ARGV[next_arg - 1] end

while next_arg <= #ARGV do
    local ticket, text = take(), take()
    local targets, except, found = {}, {}, {0}
    local repeated = tonumber(ticket) <= done
    for _ = 1, tonumber(take()) do targets[#targets + 1] = {take(), take()} end
    for _ = 1, tonumber(take()) do except[take() .. '\n' .. take()] = true end
    local function give(user, session)
        local rest = room .. ':' .. #user .. ':' .. user .. ':' .. session
        local key = at .. 's:' .. rest
        local kept = redis.call('HMGET', key, 'node', 'k', 'b')
        if not kept[1] then return end
        local function mine(count)
            if kept[1] == node then
                found[#found + 1] = user
                found[#found + 1] = session
                found[#found + 1] = count
                found[#found + 1] = kept[3] or '0'
            end
        end
        if repeated then return mine(kept[2]) end
        found[1] = found[1] + 1
        local count = string.format('%.0f', tonumber(kept[2]) + 1)
        local box = at .. 'o:' .. rest
        redis.call('HSET', key, 'k', count)
        -- Lua hashes every byte of every string that it is given or makes: so there is one for both, and LTRIM, which
        -- gives none back.
        local head = 'R' .. room .. '\n' .. user .. '\n' .. session .. '\n' .. count .. '\n' .. (kept[3] or '0')
        local message = head .. '\n' .. text
        if redis.call('RPUSH', box, message) > MOST then redis.call('LTRIM', box, -MOST, -1) end
        redis.call('EXPIRE', box, AFTERLIFE)
        redis.call(publish, at .. 'n:' .. kept[1], message)
        mine(count)
    end
    for _, target in ipairs(targets) do
        local user = target[1]
        if target[2] ~= '' then
            give(user, target[2])
        else
            for _, session in ipairs(redis.call('SMEMBERS', at .. 'u:' .. room .. ':' .. user)) do
                if not except[user .. '\n' .. session] then give(user, session) end
            end
        end
    end
    if repeated then
        found[1] = 'again'
    elseif found[1] == 0 then
        if not known[1] or (known[2] and tonumber(redis.call('TIME')[1]) - tonumber(known[2]) < RESTORING) then
            answer[#answer + 1] = {'later'}
            break
        end
    end
    done = math.max(done, tonumber(ticket))
    answer[#answer + 1] = found
end
if known[1] and done > tonumber(known[3] or '0') then redis.call('HSET', KEYS[1], field, string.format('%.0f', done)) end
return answer
