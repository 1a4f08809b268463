-- A Redis that came back may be older than what clients have seen: then all rooms begin another life.
-- KEYS[1] prefix; ARGV: the run id of this Redis, 1 if each write is on the disk before it is answered (and
-- it was no replica of another one), an epoch that was never used.
local prefix = KEYS[1]
local run, durable, candidate = ARGV[1], ARGV[2], ARGV[3]
local epoch = redis.call('GET', prefix .. 'epoch')
local known = redis.call('HMGET', prefix .. 'run', 'id', 'durable')
if epoch and known[1] == run then
    if durable == '0' then
        redis.call('HSET', prefix .. 'run', 'durable', '0')
    end
    return epoch
end
-- Nothing was lost only if the last run wrote everything, and this one has read it.
if not (epoch and known[2] == '1' and durable == '1') then
    epoch = candidate
    redis.call('SET', prefix .. 'epoch', epoch)
end
redis.call('HSET', prefix .. 'run', 'id', run, 'durable', durable)
return epoch
