-- What the scripts of presence share. KEYS[1] is the prefix of all keys. Times are seconds.
--     presence:arrivals            how many people have come, anywhere
--     presence:connections         zset: connection → when its leases run out
--     presence:holds:<connection>  set: "room\nperson" that it has a lease on
--     presence:of:<person>         hash: room → leases; there as long as the person is listed in the room
--     presence:people:<room>       zset: person → arrival
--     presence:names:<room>        hash: person → author, JSON
--     presence:changes:<room>      hash: person → "joined", "left <author>" or "renamed <former name>"
--     presence:leaving             zset: "room\nperson" → when it is final
--     presence:changed             zset: room with changes → when they may be announced
--     presence:told                zset: room → when it may be told again
local prefix = KEYS[1] .. 'presence:'
local life = redis.call('GET', KEYS[1] .. 'epoch')
if not life then
    return redis.error_reply('NOEPOCH Redis was emptied')
end

local function key(name, whose)
    return prefix .. name .. ':' .. whose
end

local function pair(room, person)
    return room .. '\n' .. person
end

local function name_of(author)
    return cjson.decode(author).name
end

local function set_change(room, person, change, now)
    redis.call('HSET', key('changes', room), person, change)
    local told = tonumber(redis.call('ZSCORE', prefix .. 'told', room) or 0)
    redis.call('ZADD', prefix .. 'changed', 'NX', string.format('%.17g', math.max(now, told)), room)
end

local function drop_change(room, person)
    redis.call('HDEL', key('changes', room), person)
    if redis.call('EXISTS', key('changes', room)) == 0 then
        redis.call('ZREM', prefix .. 'changed', room)
    end
end

-- The person is listed from now on.
local function arrive(room, person, author, now)
    redis.call('ZADD', key('people', room), redis.call('INCR', prefix .. 'arrivals'), person)
    redis.call('HSET', key('names', room), person, author)
    local change = redis.call('HGET', key('changes', room), person)
    if not change then
        set_change(room, person, 'joined', now)
        return
    end
    -- Back before the leaving was told: nothing happened, but perhaps a rename.
    drop_change(room, person)
    local former = name_of(string.sub(change, 6))
    if former ~= name_of(author) then
        set_change(room, person, 'renamed ' .. former, now)
    end
end

-- The person is not listed any more.
local function depart(room, person, now)
    local author = redis.call('HGET', key('names', room), person)
    redis.call('ZREM', key('people', room), person)
    redis.call('HDEL', key('names', room), person)
    redis.call('HDEL', key('of', person), room)
    local change = redis.call('HGET', key('changes', room), person)
    if change == 'joined' then
        drop_change(room, person)
        return
    end
    if change then
        local known = cjson.decode(author)
        known.name = string.sub(change, 9)
        author = cjson.encode(known)
    end
    set_change(room, person, 'left ' .. author, now)
end

local function take(room, person, author, connection, now, expires)
    local holds = key('holds', connection)
    redis.call('ZADD', prefix .. 'connections', expires, connection)
    local is_new = redis.call('SADD', holds, pair(room, person)) == 1
    redis.call('ZREM', prefix .. 'leaving', pair(room, person))
    local of = key('of', person)
    if redis.call('HEXISTS', of, room) == 0 then
        redis.call('HSET', of, room, 0)
        arrive(room, person, author, now)
    end
    if is_new then
        redis.call('HINCRBY', of, room, 1)
    end
end

-- A lease is over; the last one of a person in a room makes the leaving final later.
local function give_back(room, person, connection, final_at)
    local holds = key('holds', connection)
    if redis.call('SREM', holds, pair(room, person)) == 0 then
        return
    end
    if redis.call('EXISTS', holds) == 0 then
        redis.call('ZREM', prefix .. 'connections', connection)
    end
    if redis.call('HINCRBY', key('of', person), room, -1) <= 0 then
        redis.call('ZADD', prefix .. 'leaving', final_at, pair(room, person))
    end
end
