-- Ends a reaping. KEYS: 1 the lease, 2 who reaps. ARGV: 1 the dead, 2 '1' when all its members are gone
if ARGV[2] == '1' then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return redis.call('DEL', KEYS[2])
