-- The document of a room, and whether it has ended a short while ago. KEYS[1] the room.
local known = redis.call('HMGET', KEYS[1], 'v', 'd', 'c')
return {known[1] or '0', known[2] or '', known[3] or ''}
