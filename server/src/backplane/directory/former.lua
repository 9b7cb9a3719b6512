-- Counts the nodes of the former design that live. KEYS: 1 their leases, a sorted set by the time of their end.
return redis.call('ZCOUNT', KEYS[1], string.format('(%.0f', now_ms()), '+inf')
