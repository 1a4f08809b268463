-- ARGV: room, id, author, cid, ts, name and guest of the author, body, extras, fixed, and the bounds.
local base = base_of(ARGV[1])
if is_out(base) then
    return false
end
local id, author, cid, ts = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local events_kept, sends_kept, markers_kept = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local kept = tonumber(ARGV[10])
local epoch, seq, n = head_of(base)

local send = author .. '\n' .. cid
local before = redis.call('HGET', base .. 'sends', send)
if before then
    return {epoch, 1, before}
end

seq, n = seq + 1, n + 1
redis.call('HSET', base .. 'head', 'seq', seq, 'n', n)
redis.call('ZADD', prefix .. 'active', ts, ARGV[1])
redis.call('HSET', base .. 'messages', id, compose(seq, n, 0, 0, ARGV[7], '[]', ARGV[8], ARGV[9]))
local released = {}
local length = redis.call('RPUSH', base .. 'index', id .. ' ' .. ts .. ' ' .. author)
for _ = kept + 1, length do
    local oldest = string.match(redis.call('LPOP', base .. 'index'), '^%S+')
    local record = redis.call('HGET', base .. 'messages', oldest)
    redis.call('HDEL', base .. 'messages', oldest)
    local _, _, _, _, _, reactions = parts(record)
    forget_reactors(base, oldest, reactions)
    released[#released + 1] = record
end
log(base, events_kept, 'm', id)
redis.call('HSET', base .. 'sends', send, table.concat({id, seq, n, ts, ARGV[6]}, ' '))
for _ = sends_kept + 1, redis.call('RPUSH', base .. 'sent', send) do
    redis.call('HDEL', base .. 'sends', redis.call('LPOP', base .. 'sent'))
end
mark(base, author, n, markers_kept)
return {epoch, 0, seq, n, released}
