-- The last act of a node that has drained. KEYS: 1 nodes. ARGV: 1 boot id.
redis.call('HDEL', KEYS[1], 'l:' .. ARGV[1])
redis.call('HSET', KEYS[1], 'd:' .. ARGV[1], string.format('%.0f', NOW))
return {'done'}
