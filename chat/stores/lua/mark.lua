-- ARGV: room, person, epoch, n, since, markers kept.
local base = base_of(ARGV[1])
if is_out(base) then
    return false
end
local person, n, since = ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local epoch, _, last = head_of(base)
local read = unread_of(base, last, person, since)
if epoch == ARGV[3] and n > read then
    mark(base, tonumber(ARGV[6]), math.min(n, last), person)
end
return {unread_of(base, last, person, since)}
