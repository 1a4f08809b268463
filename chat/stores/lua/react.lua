-- ARGV: room, id, person, emoji, on, kinds and people at most, ids shown, events kept.
local base = base_of(ARGV[1])
if is_out(base) then
    return false
end
local id, person, emoji, on = ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1'
local record = redis.call('HGET', base .. 'messages', id)
if not record then
    return {NOT_FOUND}
end
local own_seq, n, edited, deleted, body, reactions, extras, fixed = parts(record)
if deleted == '1' then
    return {NOT_FOUND}
end
local people = base .. 'by:' .. id .. ':' .. emoji
if (redis.call('ZSCORE', people, person) ~= false) == on then
    return {NOTHING}
end
local kinds = cjson.decode(reactions)
local count = redis.call('ZCARD', people)
if on and count == 0 and #kinds >= tonumber(ARGV[6]) then
    return {TOO_MANY_KINDS}
end
if on and count >= tonumber(ARGV[7]) then
    return {TOO_MANY_PEOPLE}
end

local epoch, seq = head_of(base)
seq = seq + 1
redis.call('HSET', base .. 'head', 'seq', seq)
if on then
    redis.call('ZADD', people, seq, person)
    count = count + 1
else
    redis.call('ZREM', people, person)
    count = count - 1
end
local place = #kinds + 1
for i, kind in ipairs(kinds) do
    if kind.emoji == emoji then
        place = i
    end
end
if count == 0 then
    table.remove(kinds, place)
else
    local by = redis.call('ZRANGE', people, 0, tonumber(ARGV[8]) - 1)
    kinds[place] = {emoji = emoji, count = count, by = by}
end
-- An empty table would be encoded as an object.
local encoded = #kinds > 0 and cjson.encode(kinds) or '[]'
redis.call('HSET', base .. 'messages', id, compose(own_seq, n, edited, 0, body, encoded, extras, fixed))
log(base, tonumber(ARGV[9]), 'r', id, emoji, person, ARGV[5])
return {seq, epoch, count}
