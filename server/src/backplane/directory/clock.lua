-- The time of Redis in milliseconds, and the id of the data that this master holds: another one after each failover
-- and restart. Its first 64 bits are as good as all.
local function now_ms()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function master()
    return string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)'), 1, 16)
end
