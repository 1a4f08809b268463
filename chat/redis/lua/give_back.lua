-- ARGV: key, cost. What was not paid lately is full.
local key = KEYS[1] .. 'limit:' .. ARGV[1]
local kept = redis.call('HMGET', key, 'rate', 'tokens')
if not kept[1] then
    return 0
end
local burst = tonumber(string.match(kept[1], '(%S+)$'))
local tokens = math.min(burst, tonumber(kept[2]) + tonumber(ARGV[2]))
redis.call('HSET', key, 'tokens', string.format('%.17g', tokens))
return 1
