-- What the scripts of a room share. KEYS[1] is the prefix of all keys; in each script ARGV[1] is the room.
--
-- A message is a record of five lines, each but the first one JSON. Lua changes lines and never encodes what
-- people wrote:
--     seq,n,edited_at,deleted          0 where it was not
--     body
--     reactions                        as on the wire: [{emoji, count, by}]
--     extras                           {attachments, reply_to}
--     fixed                            {id, author, ts, cid}
local prefix = KEYS[1]
local life = redis.call('GET', prefix .. 'epoch')
if not life then
    return redis.error_reply('NOEPOCH Redis was emptied')
end

local NOTHING, NOT_FOUND, TOO_MANY_KINDS, TOO_MANY_PEOPLE = 0, -1, -2, -3

local function base_of(room)
    return prefix .. 'room:' .. room .. ':'
end

-- The epoch, seq and n of a room; of one that nobody has written to, too.
local function head_of(base)
    local found = redis.call('HMGET', base .. 'head', 'seq', 'n', 'life')
    local epoch = life
    if found[3] then
        epoch = life .. '.' .. found[3]
    end
    return epoch, tonumber(found[1] or 0), tonumber(found[2] or 0)
end

-- Whether the log is on its way to another store, or there already: then nothing changes it, and whoever
-- wants to gets `false`.
local function is_out(base)
    return redis.call('EXISTS', base .. 'out') == 1
end

local function parts(record)
    return string.match(record, '^(%d+),(%d+),(%d+),(%d)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
end

local function compose(seq, n, edited, deleted, body, reactions, extras, fixed)
    local numbers = seq .. ',' .. n .. ',' .. edited .. ',' .. deleted
    return table.concat({numbers, body, reactions, extras, fixed}, '\n')
end

-- The records of these messages, false for one that is not held.
local function records(base, ids)
    local found = {}
    for start = 1, #ids, 1000 do
        local some = redis.call('HMGET', base .. 'messages', unpack(ids, start, math.min(start + 999, #ids)))
        for _, record in ipairs(some) do
            found[#found + 1] = record
        end
    end
    return found
end

-- Ids of the index between two positions, oldest first.
local function ids_between(base, first, last)
    local ids = redis.call('LRANGE', base .. 'index', first, last)
    for i, entry in ipairs(ids) do
        ids[i] = string.match(entry, '^%S+')
    end
    return ids
end

local function log(base, kept, ...)
    redis.call('RPUSH', base .. 'events', table.concat({...}, '\n'))
    redis.call('LTRIM', base .. 'events', -kept, -1)
end

-- Whoever is furthest behind is forgotten first. Takes n, person, n, person …
local function mark(base, kept, ...)
    local markers = base .. 'markers'
    redis.call('ZADD', markers, ...)
    local over = redis.call('ZCARD', markers) - kept
    if over > 0 then
        redis.call('ZREMRANGEBYRANK', markers, 0, over - 1)
    end
end

-- What is over the bound of a list, taken from its beginning, in pieces that Lua can unpack.
local function take_over(list, over)
    local pieces = {}
    while over > 0 do
        pieces[#pieces + 1] = redis.call('LPOP', list, math.min(over, 1000))
        over = over - 1000
    end
    return pieces
end

-- The people behind the reactions of a message.
local function forget_reactors(base, id, reactions)
    for _, kind in ipairs(cjson.decode(reactions)) do
        redis.call('DEL', base .. 'by:' .. id .. ':' .. kind.emoji)
    end
end

-- Drop all of a room.
local function empty(base, room)
    for i, field in ipairs(redis.call('HGETALL', base .. 'messages')) do
        if i % 2 == 0 then
            local _, _, _, _, _, reactions, _, fixed = parts(field)
            forget_reactors(base, cjson.decode(fixed).id, reactions)
        end
    end
    for _, key in ipairs({'messages', 'index', 'events', 'sends', 'sent', 'markers', 'head'}) do
        redis.call('DEL', base .. key)
    end
    redis.call('ZREM', prefix .. 'active', room)
end

local function is_news(entry, person)
    local author = string.match(entry, '^%S+ %d+ (.*)$')
    return author and author ~= person
end

-- A person's marker, and how many messages after it still exist and are not theirs.
local function unread_of(base, n, person, since)
    local index = base .. 'index'
    local length = redis.call('LLEN', index)
    local marker = redis.call('ZSCORE', base .. 'markers', person)
    local count = 0
    if marker then
        marker = tonumber(marker)
        local after = math.min(n - marker, length)
        if after > 0 then
            for _, entry in ipairs(redis.call('LRANGE', index, -after, -1)) do
                if is_news(entry, person) then
                    count = count + 1
                end
            end
        end
        return marker, count
    end
    local looked = 0
    while looked < length do
        local some = redis.call('LRANGE', index, -(looked + 16), -(looked + 1))
        for i = #some, 1, -1 do
            if tonumber(string.match(some[i], '^%S+ (%d+)')) <= since then
                return n - looked - (#some - i), count
            end
            if is_news(some[i], person) then
                count = count + 1
            end
        end
        looked = looked + #some
    end
    return n - length, count
end
