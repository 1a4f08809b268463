-- ARGV: room, person, connection, when the leaving is final.
give_back(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
