-- ARGV: room, limit, and the epoch and seq that the reader has read already: then the head alone.
local base = base_of(ARGV[1])
local limit = tonumber(ARGV[2])
local epoch, seq, n = head_of(base)
if epoch == ARGV[3] and seq == tonumber(ARGV[4]) then
    return {epoch, seq, n}
end
local more = redis.call('LLEN', base .. 'index') > limit and 1 or 0
return {epoch, seq, n, more, records(base, ids_between(base, -limit, -1))}
