-- Fences a node whose lease has ended, for one reaper at a time.
-- KEYS: 1 the lease, 2 the dead node's fence, 3 who reaps it, 4 until when nobody is taken for dead
-- ARGV: 1 the dead, 2 the reaper, 3 life of the fence in ms, 4 how long the reaper has it for itself in ms
-- Answers 1 when the caller is to reap, else 0.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 'inf')
local grace = tonumber(redis.call('GET', KEYS[4]) or '0')
if ends > now or now < grace then
  return 0
end
local other = redis.call('GET', KEYS[3])
if other and other ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[4])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
