-- Renews the lease of a node, and declares others dead. KEYS: 1 nodes. ARGV: 1 lease in milliseconds, 2 boot id, 3 the
-- highest version of packets that it reads, then the boot ids of nodes on which this one depends.
-- Answers the living, pairs of a dead node and the milliseconds for which it has not renewed, and the highest version
-- that all of the living read, and the time.
local DEAD_KEPT = 3600000
local key, lease, boot = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local since, renewed, leases, versions, dead = nil, nil, {}, {}, {}
local fields = redis.call('HGETALL', key)
for at = 1, #fields, 2 do
    -- A clock that was set back leaves times in the future.
    local kind, name, time = string.sub(fields[at], 1, 1), string.sub(fields[at], 3), math.min(NOW, tonumber(fields[at + 1]))
    if kind == 'l' then leases[name] = time
    elseif kind == 'v' then versions[name] = tonumber(fields[at + 1])
    elseif kind == 'd' then dead[name] = time
    elseif kind == 's' then since = time
    else renewed = time end
end
since = since or NOW
if renewed and NOW - renewed >= lease / 2 then
    -- Redis was away: a missing renewal says nothing about a node.
    for name in pairs(leases) do leases[name] = NOW end
end
if not dead[boot] then leases[boot], versions[boot] = NOW, tonumber(ARGV[3]) end
for name, time in pairs(leases) do
    if NOW - time >= lease then
        dead[name] = time
        leases[name] = nil
    end
end
for name, time in pairs(dead) do
    if NOW - time >= DEAD_KEPT then dead[name] = nil end
end
if NOW - since >= lease then
    for at = 4, #ARGV do
        if not leases[ARGV[at]] then dead[ARGV[at]] = dead[ARGV[at]] or since end
    end
end

local function text(time) return string.format('%.0f', time) end
redis.call('DEL', key)
redis.call('HSET', key, 's', text(since), 'r', text(NOW))
local alive, gone, version = {}, {}, nil
for name, time in pairs(leases) do
    local reads = versions[name] or 0
    redis.call('HSET', key, 'l:' .. name, text(time), 'v:' .. name, reads)
    version = math.min(version or reads, reads)
    alive[#alive + 1] = name
end
for name, time in pairs(dead) do
    redis.call('HSET', key, 'd:' .. name, text(time))
    gone[#gone + 1] = name
    gone[#gone + 1] = text(NOW - time)
end
redis.call('PEXPIRE', key, DEAD_KEPT)
return {alive, gone, version or 0, text(NOW)}
