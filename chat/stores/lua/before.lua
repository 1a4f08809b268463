-- ARGV: room, n, limit. Numbers in the index have no gaps, so a number is a position.
local base = base_of(ARGV[1])
local _, _, last = head_of(base)
local length = redis.call('LLEN', base .. 'index')
local first = last - length + 1
local stop = math.max(0, math.min(tonumber(ARGV[2]) - first, length))
local start = math.max(0, stop - tonumber(ARGV[3]))
if start >= stop then
    return {0, {}}
end
return {start > 0 and 1 or 0, records(base, ids_between(base, start, stop - 1))}
