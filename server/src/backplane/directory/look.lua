-- Gives the entry of a room. KEYS: 1 room, 2 era. ARGV: 1 lease in milliseconds.
local wait = settling(KEYS[2], tonumber(ARGV[1]))
if wait then return {'wait', wait} end
return stands(standing(KEYS[1]))
