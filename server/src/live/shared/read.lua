-- Reads the streams of a room, of each what follows the state that the reader knows.
--
-- KEYS: set of playlists, beginning of the hashes' names, beginning of the lists' names
-- ARGV: one playlist or nothing for all, then of each stream the reader knows: playlist, version, nonce
local known, names = {}, redis.call('SMEMBERS', KEYS[1])
local listed = {}
for _, name in ipairs(names) do listed[name] = true end
for at = 2, #ARGV, 3 do
  known[ARGV[at]] = {tonumber(ARGV[at + 1]), ARGV[at + 2]}
  if not listed[ARGV[at]] then names[#names + 1] = ARGV[at] end
end
if ARGV[1] ~= '' then names = {ARGV[1]} end
local all = {}
for _, name in ipairs(names) do
  local from = known[name] or {0, ''}
  all[#all + 1] = state(KEYS[1], KEYS[2] .. name, KEYS[3] .. name, name, from[1], from[2])
end
return all
