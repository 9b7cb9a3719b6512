-- The document of a room. KEYS[1] the room.
local known = redis.call('HMGET', KEYS[1], 'v', 'd')
return {known[1] or '0', known[2] or ''}
