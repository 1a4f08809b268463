-- ARGV: room, and a life that was never used.
local base = base_of(ARGV[1])
empty(base, ARGV[1])
redis.call('HSET', base .. 'head', 'life', ARGV[2])
redis.call('SET', base .. 'out', 1)
return 1
