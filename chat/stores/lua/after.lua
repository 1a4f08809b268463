-- ARGV: room, epoch, seq. Nothing when the log cannot tell.
local base = base_of(ARGV[1])
local epoch, seq, n = head_of(base)
local missing = seq - tonumber(ARGV[3])
if epoch ~= ARGV[2] or missing < 0 or missing > redis.call('LLEN', base .. 'events') then
    return false
end
if missing == 0 then
    return {epoch, seq, n, {}, {}, {}}
end
local entries = redis.call('LRANGE', base .. 'events', -missing, -1)
local ids, seen = {}, {}
for _, entry in ipairs(entries) do
    local kind, id = string.match(entry, '^(%a)\n([^\n]*)')
    if kind ~= 'd' and not seen[id] then
        seen[id] = true
        ids[#ids + 1] = id
    end
end
local found = records(base, ids)
for i = 1, #ids do
    if not found[i] then
        return false
    end
end
return {epoch, seq, n, entries, ids, found}
