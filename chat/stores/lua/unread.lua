-- ARGV: person, since, then rooms. The marker and the count of each.
local person, since = ARGV[1], tonumber(ARGV[2])
local states = {}
for i = 3, #ARGV do
    local base = base_of(ARGV[i])
    local _, _, n = head_of(base)
    states[#states + 1] = {unread_of(base, n, person, since)}
end
return states
