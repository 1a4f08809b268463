"""Connections that go in the middle of a word: the room is told, and the server complains of nothing.

What a server raises when somebody is written to who has gone differs from server to server: `OSError`, a
cancellation, a `Disconnected` of Daphne's own. None of it is an error.
"""

from collections.abc import Callable
from contextlib import ExitStack

from .clients import GENERAL, cookie_of
from .room import Room
from .servers import Watched
from .wire import Opcode, Wire, frame, text

LONG = "a" * 3_900
QUESTIONS = b"".join(text(type="members", ref=ref, room=GENERAL) for ref in range(30))


def cut_off(wire: Wire) -> None:
    wire.vanish()


def cut_off_in_the_middle_of_a_frame(wire: Wire) -> None:
    wire.send(QUESTIONS[:-5])
    wire.vanish()


def ask_and_say_farewell(wire: Wire) -> None:
    """In one piece: the server answers when it knows already that nobody listens."""
    wire.send(QUESTIONS + frame(Opcode.CLOSE, b"\x03\xe8"))


def ask_and_break_the_rules(wire: Wire) -> None:
    wire.send(QUESTIONS + frame(Opcode.TEXT, masked=False))


WAYS: dict[str, Callable[[Wire], None]] = {
    "carol": cut_off,
    "dave": cut_off_in_the_middle_of_a_frame,
    "erin": ask_and_say_farewell,
    "frank": ask_and_break_the_rules,
}


def test_however_people_vanish_the_room_is_told_and_hears_everything(server: Watched, room: Room) -> None:
    with ExitStack() as stack:
        wires = {
            name: stack.enter_context(room.enter(cookie_of(server.port, name), receive_buffer=4_096))
            for name in WAYS
        }
        for name in WAYS:
            room.is_told("joined", name)
        for _ in range(20):
            room.says(LONG)  # which nobody of them takes
        for name, go in WAYS.items():
            go(wires[name])
            room.says(LONG)
        for _ in range(20):
            room.says(LONG)
        for name in WAYS:
            room.is_told("left", name)
