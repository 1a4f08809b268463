-- ARGV: when the leases run out, then connections. Those that nobody knows (any more).
local unknown = {}
for i = 2, #ARGV do
    if redis.call('ZSCORE', prefix .. 'connections', ARGV[i]) then
        redis.call('ZADD', prefix .. 'connections', ARGV[1], ARGV[i])
    else
        unknown[#unknown + 1] = ARGV[i]
    end
end
return unknown
