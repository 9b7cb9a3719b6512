-- What a member was sent by other nodes. KEYS: 1 the member, 2 its inbox.
local kept = redis.call('HMGET', KEYS[1], 'k', 'b')
return {kept[1] or '0', redis.call('LRANGE', KEYS[2], 0, -1), kept[2] or '0'}
