-- What is kept of a stream, told to a node that knows the state named by a version and its nonce: only what follows,
-- or the checkpoint and what follows that. Of a stream that is not listed, or not whole, nothing is left.
--
-- The hash: v and n the newest version and its nonce, f and fn those before the first line of the log, c the
-- checkpoint, b its version, r when the media was last kept from expiring. A line is a nonce and an entry.
local NONCE = 24

local function state(set, hash, list, playlist, version, nonce)
  local gone = {playlist, 0, '', 0, '', {}}
  if redis.call('SISMEMBER', set, playlist) == 0 then return gone end
  local kept = redis.call('HMGET', hash, 'v', 'n', 'f', 'fn', 'b')
  if not (kept[1] and kept[2] and kept[3] and kept[4] and kept[5]) then return gone end
  local v, f, b = tonumber(kept[1]), tonumber(kept[3]), tonumber(kept[5])
  if redis.call('LLEN', list) ~= v - f then return gone end
  local at = false
  if version == f then
    at = kept[4]
  elseif version > f and version <= v then
    at = string.sub(redis.call('LINDEX', list, version - f - 1), 1, NONCE)
  end
  if version > 0 and at == nonce then
    return {playlist, v, kept[2], version, '', redis.call('LRANGE', list, version - f, -1)}
  end
  local checkpoint = redis.call('HGET', hash, 'c')
  if not checkpoint then return gone end
  return {playlist, v, kept[2], b, checkpoint, redis.call('LRANGE', list, b - f, -1)}
end

