-- ARGV: room, the bounds (messages, events, sends, markers), and as MessagePack the messages:
-- {id, author, cid, ts, name and guest of the author, body, extras, fixed}.
-- The epoch, seq and n after them, what the cap dropped, and what each was before or 0; nothing if all are new.
local base = base_of(ARGV[1])
if is_out(base) then
    return false
end
local kept, events_kept = tonumber(ARGV[2]), tonumber(ARGV[3])
local sends_kept, markers_kept = tonumber(ARGV[4]), tonumber(ARGV[5])
local epoch, seq, n = head_of(base)

local drafts, sends = cmsgpack.unpack(ARGV[6]), {}
for i, draft in ipairs(drafts) do
    sends[i] = draft[2] .. '\n' .. draft[3]
end
local before = redis.call('HMGET', base .. 'sends', unpack(sends))
local answers, sent, active = {}, {}, nil
local messages, entries, events, became, news, markers = {}, {}, {}, {}, {}, {}
for i, draft in ipairs(drafts) do
    local id, author, _, ts, who, body, extras, fixed = unpack(draft)
    local send = sends[i]
    answers[i] = before[i] or sent[send] or 0
    if answers[i] == 0 then
        seq, n, active = seq + 1, n + 1, ts
        sent[send] = table.concat({id, seq, n, ts, who}, ' ')
        messages[#messages + 1] = id
        messages[#messages + 1] = compose(seq, n, 0, 0, body, '[]', extras, fixed)
        entries[#entries + 1] = id .. ' ' .. ts .. ' ' .. author
        events[#events + 1] = 'm\n' .. id
        became[#became + 1] = send
        became[#became + 1] = sent[send]
        news[#news + 1] = send
        markers[#markers + 1] = n
        markers[#markers + 1] = author
    end
end
if #news == 0 then
    return {epoch, seq, n, {}, answers}
end

redis.call('HSET', base .. 'head', 'seq', seq, 'n', n)
redis.call('ZADD', prefix .. 'active', active, ARGV[1])
redis.call('HSET', base .. 'messages', unpack(messages))
local released = {}
for _, ids in ipairs(take_over(base .. 'index', redis.call('RPUSH', base .. 'index', unpack(entries)) - kept)) do
    for i, entry in ipairs(ids) do
        ids[i] = string.match(entry, '^%S+')
    end
    for i, record in ipairs(redis.call('HMGET', base .. 'messages', unpack(ids))) do
        local _, _, _, _, _, reactions = parts(record)
        forget_reactors(base, ids[i], reactions)
        released[#released + 1] = record
    end
    redis.call('HDEL', base .. 'messages', unpack(ids))
end
redis.call('RPUSH', base .. 'events', unpack(events))
redis.call('LTRIM', base .. 'events', -events_kept, -1)
redis.call('HSET', base .. 'sends', unpack(became))
for _, old in ipairs(take_over(base .. 'sent', redis.call('RPUSH', base .. 'sent', unpack(news)) - sends_kept)) do
    redis.call('HDEL', base .. 'sends', unpack(old))
end
mark(base, markers_kept, unpack(markers))
return {epoch, seq, n, released, #news < #sends and answers or {}}
