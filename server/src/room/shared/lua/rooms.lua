-- The rooms in which a node has members. KEYS[1] the node's list.
return redis.call('SMEMBERS', KEYS[1])
