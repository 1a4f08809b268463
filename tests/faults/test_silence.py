"""Connections of which nothing comes, or to which nothing goes: bounded while they last, and they end."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import repeat
from socket import create_connection
from time import monotonic

import pytest

from .clients import GENERAL, Client, cookie_of
from .room import Room
from .servers import Watched
from .wire import HOST, PATIENCE, Opcode, Wire, ending, fragments, frame, pour, text

SILENT = 4408
LONG = "a" * 3_900


def never_speaks(wire: Wire) -> None:
    """Nor answers a ping."""


def never_finishes(wire: Wire) -> None:
    pour(wire, fragments(1 << 10, 60))


def pings_and_never_reads(wire: Wire) -> None:
    """40 MB of pings, which RFC 6455 wants answered."""
    pour(wire, repeat(frame(Opcode.PING, b"a" * 125) * 1024, 300))


def asks_and_never_reads(wire: Wire) -> None:
    """The answers would be 256 KiB each, 50 MB in all."""
    pour(
        wire, (text(type="history", ref=ref, room=GENERAL, before=2**53 - 1, limit=100) for ref in range(200))
    )


READERS: dict[str, Callable[[Wire], None]] = {"grace": never_speaks, "heidi": never_finishes}
DEAF: dict[str, Callable[[Wire], None]] = {"ivan": pings_and_never_reads, "judy": asks_and_never_reads}


def all_gone(server: Watched, room: Room, sockets: int) -> None:
    """Wait until the server has no more sockets open than these."""
    deadline = monotonic() + PATIENCE
    while server.sockets() > sockets:
        assert monotonic() < deadline, "It keeps the connection of who is gone."
        room.says("still waiting")


@pytest.mark.usefixtures("bounded")
def test_who_takes_nothing_or_says_nothing_is_bounded_and_thrown_out(server: Watched, room: Room) -> None:
    for _ in range(100):
        room.says(LONG)
    sockets = server.sockets()
    with ExitStack() as stack:
        wires: dict[str, Wire] = {}
        for name in (*READERS, *DEAF):
            buffer = 4_096 if name in DEAF else None
            wires[name] = stack.enter_context(room.enter(cookie_of(server.port, name), receive_buffer=buffer))
            room.is_told("joined", name)
        for name, do in (READERS | DEAF).items():
            do(wires[name])
            room.says(LONG)
        for name in wires:
            room.is_told("left", name)
        for name in READERS:
            assert ending(wires[name], PATIENCE) == SILENT
            wires[name].close()
        all_gone(server, room, sockets)


@pytest.fixture
def half_open(server: Watched) -> Iterator[None]:
    """Connections that never say what they want, or only half of it."""
    with ExitStack() as stack:
        for piece in (b"", b"GET /ws/chat/ HTTP/1.1\r\nHost: "):
            for _ in range(100):
                silent = stack.enter_context(create_connection((HOST, server.port), PATIENCE))
                silent.sendall(piece)
        yield


@pytest.mark.usefixtures("bounded", "half_open")
def test_who_connects_and_asks_for_nothing_is_in_nobodys_way(server: Watched, room: Room) -> None:
    room.says("during")
    with closing(Client(server.port, cookie_of(server.port, "kim"))) as newcomer:
        newcomer.says("heard")
        room.listener.hears("heard")
