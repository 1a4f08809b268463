-- ARGV: room, and a life that was never used.
local base = base_of(ARGV[1])
for i, field in ipairs(redis.call('HGETALL', base .. 'messages')) do
    if i % 2 == 0 then
        local _, _, _, _, _, reactions, _, fixed = parts(field)
        forget_reactors(base, cjson.decode(fixed).id, reactions)
    end
end
for _, key in ipairs({'messages', 'index', 'events', 'sends', 'sent', 'markers', 'head'}) do
    redis.call('DEL', base .. key)
end
redis.call('ZREM', prefix .. 'active', ARGV[1])
redis.call('HSET', base .. 'head', 'life', ARGV[2])
local epoch = head_of(base)
return epoch
