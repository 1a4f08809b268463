-- ARGV: room, and for how many seconds at most. Nothing if it is out already.
local base = base_of(ARGV[1])
if not redis.call('SET', base .. 'out', 1, 'NX', 'EX', ARGV[2]) then
    return false
end
local _, seq, n = head_of(base)
local active = redis.call('ZSCORE', prefix .. 'active', ARGV[1])
local held = records(base, ids_between(base, 0, -1))
local reactors = {}
for i, record in ipairs(held) do
    local _, _, _, _, _, reactions, _, fixed = parts(record)
    local id, kinds = cjson.decode(fixed).id, {}
    for _, kind in ipairs(cjson.decode(reactions)) do
        kinds[#kinds + 1] = kind.emoji
        kinds[#kinds + 1] = redis.call('ZRANGE', base .. 'by:' .. id .. ':' .. kind.emoji, 0, -1)
    end
    reactors[i] = kinds
end
return {seq, n, tonumber(active or 0), held, reactors, redis.call('ZRANGE', base .. 'markers', 0, -1, 'WITHSCORES')}
