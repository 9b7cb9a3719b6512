-- A node starts: what there is not is not lost. KEYS[1] since when nothing may only be lost.
return redis.call('SET', KEYS[1], 0, 'NX')
