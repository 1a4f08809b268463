-- ARGV: room, id, events kept.
local base = base_of(ARGV[1])
if is_out(base) then
    return false
end
local id = ARGV[2]
local record = redis.call('HGET', base .. 'messages', id)
if not record then
    return {NOT_FOUND}
end
local own_seq, n, edited, deleted, _, reactions, _, fixed = parts(record)
if deleted == '1' then
    return {NOT_FOUND}
end
local epoch, seq, last = head_of(base)
seq = seq + 1
redis.call('HSET', base .. 'head', 'seq', seq)
forget_reactors(base, id, reactions)
redis.call('HSET', base .. 'messages', id, compose(own_seq, n, edited, 1, '""', '[]', '{}', fixed))
-- Without an author it counts for nobody.
local place = tonumber(n) - last - 1
local entry = redis.call('LINDEX', base .. 'index', place)
redis.call('LSET', base .. 'index', place, string.match(entry, '^%S+ %d+'))
log(base, tonumber(ARGV[3]), 'd', id)
return {seq, epoch}
