-- ARGV: now, the grace, when a room told now may be told again, how many of each are looked at.
-- The life of this Redis, and for each room that is due: room, count, joined, left, renamed.
local now, grace, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])

local function due(set)
    return redis.call('ZRANGE', prefix .. set, '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, most)
end

for _, connection in ipairs(due('connections')) do
    local expired = tonumber(redis.call('ZSCORE', prefix .. 'connections', connection))
    local final_at = string.format('%.17g', expired + grace)
    for _, held in ipairs(redis.call('SMEMBERS', key('holds', connection))) do
        local room, person = string.match(held, '^(.-)\n(.*)$')
        give_back(room, person, connection, final_at)
    end
    redis.call('ZREM', prefix .. 'connections', connection)
end
for _, held in ipairs(due('leaving')) do
    redis.call('ZREM', prefix .. 'leaving', held)
    local room, person = string.match(held, '^(.-)\n(.*)$')
    depart(room, person, now)
end
redis.call('ZREMRANGEBYSCORE', prefix .. 'told', '-inf', ARGV[1])

local told = {}
for _, room in ipairs(due('changed')) do
    local joined, left, renamed = {}, {}, {}
    local changes = redis.call('HGETALL', key('changes', room))
    for i = 1, #changes, 2 do
        local change = changes[i + 1]
        local author = redis.call('HGET', key('names', room), changes[i])
        if change == 'joined' then
            joined[#joined + 1] = author
        elseif string.sub(change, 1, 5) == 'left ' then
            left[#left + 1] = string.sub(change, 6)
        else
            renamed[#renamed + 1] = {author, string.sub(change, 9)}
        end
    end
    redis.call('DEL', key('changes', room))
    redis.call('ZREM', prefix .. 'changed', room)
    redis.call('ZADD', prefix .. 'told', ARGV[3], room)
    local count = redis.call('ZCARD', key('people', room))
    told[#told + 1] = {room, count, joined, left, renamed}
end
return {life, told}
