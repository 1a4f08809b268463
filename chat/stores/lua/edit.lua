-- ARGV: room, id, body, ts, events kept.
local base = base_of(ARGV[1])
if is_out(base) then
    return false
end
local record = redis.call('HGET', base .. 'messages', ARGV[2])
if not record then
    return {NOT_FOUND}
end
local own_seq, n, _, deleted, body, reactions, extras, fixed = parts(record)
if deleted == '1' then
    return {NOT_FOUND}
end
if body == ARGV[3] then
    return {NOTHING}
end
local epoch, seq = head_of(base)
seq = seq + 1
redis.call('HSET', base .. 'head', 'seq', seq)
redis.call('ZADD', prefix .. 'active', ARGV[4], ARGV[1])
local changed = compose(own_seq, n, ARGV[4], 0, ARGV[3], reactions, extras, fixed)
redis.call('HSET', base .. 'messages', ARGV[2], changed)
log(base, tonumber(ARGV[5]), 'e', ARGV[2])
return {seq, epoch}
