-- What there is not may only be lost, or is not: KEYS[1] says since when it may only be lost. A node that has just
-- started knows of no loss; ARGV[1] says whether it has.
return redis.call('SET', KEYS[1], ARGV[1] == '1' and 0 or redis.call('TIME')[1], 'NX')
