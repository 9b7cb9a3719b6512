-- What a member was sent by other nodes. KEYS: 1 the member, 2 its inbox.
return {redis.call('HGET', KEYS[1], 'k') or '0', redis.call('LRANGE', KEYS[2], 0, -1)}
