-- ARGV: room, author, cid.
local base = base_of(ARGV[1])
local epoch = head_of(base)
return {epoch, redis.call('HGET', base .. 'sends', ARGV[2] .. '\n' .. ARGV[3])}
