-- ARGV: room, a life that was never used, seq, n, when it was active, then as MessagePack: messages as
-- {id, ts, author or '' when deleted, record, {{emoji, people}, ...}}, sends as {send, what it became},
-- markers as {person, n}.
local base = base_of(ARGV[1])
empty(base, ARGV[1])
redis.call('HSET', base .. 'head', 'life', ARGV[2], 'seq', ARGV[3], 'n', ARGV[4])
if tonumber(ARGV[5]) > 0 then
    redis.call('ZADD', prefix .. 'active', ARGV[5], ARGV[1])
end
for _, message in ipairs(cmsgpack.unpack(ARGV[6])) do
    local id, ts, author, record, kinds = unpack(message)
    redis.call('HSET', base .. 'messages', id, record)
    redis.call('RPUSH', base .. 'index', id .. ' ' .. ts .. (author ~= '' and ' ' .. author or ''))
    for _, kind in ipairs(kinds) do
        -- Each took a number of the room, so the next one comes after them.
        for place, person in ipairs(kind[2]) do
            redis.call('ZADD', base .. 'by:' .. id .. ':' .. kind[1], place, person)
        end
    end
end
for _, send in ipairs(cmsgpack.unpack(ARGV[7])) do
    redis.call('HSET', base .. 'sends', send[1], send[2])
    redis.call('RPUSH', base .. 'sent', send[1])
end
for _, marker in ipairs(cmsgpack.unpack(ARGV[8])) do
    redis.call('ZADD', base .. 'markers', marker[2], marker[1])
end
redis.call('DEL', base .. 'out')
local epoch = head_of(base)
return epoch
