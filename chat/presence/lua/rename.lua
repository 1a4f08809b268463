-- ARGV: person, author, former name, now.
local person, author, former, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local name = name_of(author)
for _, room in ipairs(redis.call('HKEYS', key('of', person))) do
    local before = redis.call('HGET', key('names', room), person)
    -- Whoever has become an account has another author and the same name: that is not announced.
    redis.call('HSET', key('names', room), person, author)
    if name_of(before) ~= name then
        local change = redis.call('HGET', key('changes', room), person)
        if not change then
            set_change(room, person, 'renamed ' .. former, now)
        elseif change == 'renamed ' .. name then
            drop_change(room, person)
        end
    end
end
