-- A beat of a shard that does not hold the lease.
-- KEYS: 1 a mark of this node. ARGV: 1 channel, 2 command that publishes, 3 beat, 4 life of the mark in ms
-- Answers 1 when the mark was still there, else 0.
local former = redis.call('EXISTS', KEYS[1])
redis.call('SET', KEYS[1], '1', 'PX', ARGV[4])
redis.call(ARGV[2], ARGV[1], ARGV[3])
return former
