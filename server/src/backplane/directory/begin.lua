-- Begins an era where none stands, or that of another master. KEYS: eras. ARGV: 1 lease in milliseconds. Answers each,
-- and for how many milliseconds it still settles.
local lease, answers = tonumber(ARGV[1]), {}
for at, text in ipairs(redis.call('MGET', unpack(KEYS))) do
    local era = of_this_master(text)
    -- All nodes come at least each two seconds: it is enough that they renew the expiry once a minute.
    if not era or NOW % 60000 < 3000 then era = begin(KEYS[at]) end
    answers[#answers + 1] = era
    answers[#answers + 1] = left(era, lease) or 0
end
return answers
