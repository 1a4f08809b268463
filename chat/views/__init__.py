"""Pages and the HTTP side of the protocol. Each reads a request, calls one service, answers."""
