-- ARGV: room, and a life that was never used.
local base = base_of(ARGV[1])
if is_out(base) then
    return false
end
empty(base, ARGV[1])
redis.call('HSET', base .. 'head', 'life', ARGV[2])
local epoch = head_of(base)
return epoch
