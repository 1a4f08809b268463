-- ARGV: room, limit, the person before. How many there are, and the authors as one JSON array.
local people = key('people', ARGV[1])
local limit = tonumber(ARGV[2])
local count = redis.call('ZCARD', people)
if limit <= 0 or count == 0 then
    return {count, '[]'}
end
local start = 0
local rank = redis.call('ZRANK', people, ARGV[3])
if rank then
    start = rank + 1
end
local authors = {}
local ids = redis.call('ZRANGE', people, start, start + limit - 1)
for first = 1, #ids, 1000 do
    local last = math.min(first + 999, #ids)
    for _, author in ipairs(redis.call('HMGET', key('names', ARGV[1]), unpack(ids, first, last))) do
        authors[#authors + 1] = author
    end
end
return {count, '[' .. table.concat(authors, ',') .. ']'}
