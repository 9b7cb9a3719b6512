-- Renews a node's lease, beats, and tells who lives and who died.
-- KEYS: 1 the lease (a sorted set, boot id by the time of its end), 2 the fence of this node,
--       3 when anybody renewed last, 4 until when nobody is taken for dead
-- ARGV: 1 boot id, 2 lease in ms, 3 silence in ms after which Redis counts as having been away, 4 channel,
--       5 command that publishes, 6 beat, 7 '1' when this node has renewed before
-- Answers { 0 renewed, 1 renewed, but the former lease was gone, 2 fenced; time in us; the living; the dead }.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
if redis.call('EXISTS', KEYS[2]) == 1 then
  return { 2, micros, {}, {} }
end
local lease = tonumber(ARGV[2])
local seen = tonumber(redis.call('GET', KEYS[3]) or '0')
local grace = tonumber(redis.call('GET', KEYS[4]) or '0')
-- A clock that ran back (another machine's, after a fail-over) is no better than silence.
if now - seen > tonumber(ARGV[3]) or seen > now + 1000 then
  grace = now + lease
  redis.call('SET', KEYS[4], string.format('%d', grace), 'PX', lease * 2)
end
redis.call('SET', KEYS[3], string.format('%d', now), 'PX', lease * 10)
local former = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], string.format('%d', now + lease), ARGV[1])
redis.call('PEXPIRE', KEYS[1], 24 * 3600 * 1000)
redis.call(ARGV[5], ARGV[4], ARGV[6])
local gone = (ARGV[7] == '1' and not former) and 1 or 0
if now < grace then
  return { gone, micros, redis.call('ZRANGE', KEYS[1], 0, -1), {} }
end
local border = string.format('%d', now)
return {
  gone, micros,
  redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. border, '+inf'),
  redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', border),
}
