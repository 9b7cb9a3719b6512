-- Keeps a stream and its media from expiring, and says which media is missing (from 0); nothing when another node
-- did so a short while ago.
--
-- KEYS: set of playlists, hash, list, then media
-- ARGV: life of the stream and of media in ms, how many seconds ago is short
local now = tonumber(redis.call('TIME')[1])
local last = tonumber(redis.call('HGET', KEYS[2], 'r') or 0)
if now >= last and now - last < tonumber(ARGV[3]) then return false end
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HSET', KEYS[2], 'r', now) end
for at = 1, 3 do redis.call('PEXPIRE', KEYS[at], ARGV[1]) end
local missing = {}
for at = 4, #KEYS do
  if redis.call('PEXPIRE', KEYS[at], ARGV[2]) == 0 then missing[#missing + 1] = at - 4 end
end
return missing
