-- ARGV: rooms. Epoch, seq and n of each.
local heads = {}
for _, room in ipairs(ARGV) do
    local epoch, seq, n = head_of(base_of(room))
    heads[#heads + 1] = {epoch, seq, n}
end
return heads
