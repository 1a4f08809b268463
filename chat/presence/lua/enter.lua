-- ARGV: room, person, author, connection, now, when the lease runs out.
take(ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6])
