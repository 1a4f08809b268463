-- A token bucket, as chat/ratelimit.py has it. KEYS[1] prefix; ARGV: key, now, count, seconds, burst, cost,
-- tolerance. Returns the seconds to wait, as a text; "0" when it was allowed and paid.
local key = KEYS[1] .. 'limit:' .. ARGV[1]
local now, burst, cost = tonumber(ARGV[2]), tonumber(ARGV[5]), tonumber(ARGV[6])
local per_second = tonumber(ARGV[3]) / tonumber(ARGV[4])
local rate = ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5]
local tokens, updated = burst, now
local kept = redis.call('HMGET', key, 'rate', 'tokens', 'updated')
if kept[1] == rate then
    updated = tonumber(kept[3])
    tokens = math.min(burst, tonumber(kept[2]) + math.max(0, now - updated) * per_second)
end
if tokens < cost * (1 - tonumber(ARGV[7])) then
    if cost > burst then
        return 'inf'
    end
    return string.format('%.17g', (cost - tokens) / per_second)
end
tokens = math.max(0, tokens - cost)
local function number(value)
    return string.format('%.17g', value)
end
redis.call('HSET', key, 'rate', rate, 'tokens', number(tokens), 'updated', number(math.max(updated, now)))
-- A full bucket is as good as none; a minute more, as clocks differ.
redis.call('EXPIRE', key, math.ceil((burst - tokens) / per_second) + 60)
return '0'
