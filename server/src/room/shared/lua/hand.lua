-- What a member that has moved has not got, for its new node. KEYS[1] the member.
-- ARGV: 1 publishing command, 2 channel, 3 message. It writes, so that a master that was demoted refuses.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'h', '1')
return redis.call(ARGV[1], ARGV[2], ARGV[3])
