"""Frames that are none: they end the connection they came on, at once, and are noticed by nobody else."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat

import pytest

from .clients import GENERAL
from .room import Room
from .wire import Opcode, Wire, ending, fragments, frame, head, pour, text

# The promise: how long a connection may live on after the last byte of an attack (seconds).
AT_ONCE = 1.0

MIB = 1 << 20
PROTOCOL_ERROR = 1002
INVALID_DATA = 1007
TOO_BIG = 1009

HARMLESS = b'{"type":"pong","ts":0}'


@dataclass(frozen=True)
class Attack:
    """``pieces`` are bytes for the wire. ``code`` is how a server that says why closes.

    Before a ``flood`` is over, the server has gone, and what it said may be lost with the connection.
    """

    code: int
    pieces: Callable[[], Iterable[bytes]]
    flood: bool = False


def wrong(*pieces: bytes, code: int = PROTOCOL_ERROR) -> Attack:
    return Attack(code, lambda: pieces)


def not_text(*pieces: bytes) -> Attack:
    """A text of these fragments."""
    last = len(pieces) - 1
    return wrong(
        *(
            frame(Opcode.CONTINUATION if number else Opcode.TEXT, piece, fin=number == last)
            for number, piece in enumerate(pieces)
        ),
        code=INVALID_DATA,
    )


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(Opcode.CLOSE, code.to_bytes(2, "big") + reason)


def one_of_64_mib() -> Iterator[bytes]:
    yield head(Opcode.TEXT, 64 * MIB)
    yield from repeat(b"a" * MIB, 64)


def tiny_fragments(size: int, amount: int) -> Iterator[bytes]:
    """Never finished, many in one piece."""
    yield frame(Opcode.TEXT, fin=False)
    yield from repeat(frame(Opcode.CONTINUATION, b"a" * size, fin=False) * 1024, amount // 1024)


ATTACKS = {
    "unmasked": wrong(frame(Opcode.TEXT, HARMLESS, masked=False)),
    "RSV1": wrong(frame(Opcode.TEXT, HARMLESS, rsv=4)),
    "RSV2": wrong(frame(Opcode.TEXT, HARMLESS, rsv=2)),
    "RSV3": wrong(frame(Opcode.TEXT, HARMLESS, rsv=1)),
    "unknown data opcode": wrong(frame(3, HARMLESS)),
    "unknown control opcode": wrong(frame(11)),
    "no UTF-8": not_text(b'"\xff"'),
    "overlong UTF-8": not_text(b'"\xc0\xaf"'),
    "a surrogate in UTF-8": not_text(b'"\xed\xa0\x80"'),
    "UTF-8 that stops too soon": not_text(b'"\xe2\x82'),
    "no UTF-8 in a fragment": not_text(b'"', b"\xff", b'"'),
    "UTF-8 broken between fragments": not_text(b'"\xe2\x82', b'"'),
    "fragments of UTF-8 that stop too soon": not_text(b'"', b"\xe2\x82"),
    "close of 126 bytes": wrong(close(1000, b"a" * 124)),
    "close of 64 KiB": wrong(close(1000, b"a" * 65_534)),
    "close of 1 byte": wrong(frame(Opcode.CLOSE, b"\x03")),
    "close 999": wrong(close(999)),
    "close 1005": wrong(close(1005)),
    "close 1006": wrong(close(1006)),
    "close 5000": wrong(close(5000)),
    "close without UTF-8": wrong(close(1000, b"\xff"), code=INVALID_DATA),
    "ping of 126 bytes": wrong(frame(Opcode.PING, b"a" * 126)),
    "half a ping": wrong(frame(Opcode.PING, b"a", fin=False)),
    "half a close": wrong(frame(Opcode.CLOSE, b"\x03\xe8", fin=False)),
    "a continuation of nothing": wrong(frame(Opcode.CONTINUATION, HARMLESS)),
    "a text inside another": wrong(frame(Opcode.TEXT, b'"', fin=False), frame(Opcode.TEXT, HARMLESS)),
    "64 MiB announced": wrong(head(Opcode.TEXT, 64 * MIB), code=TOO_BIG),
    "2^63 - 1 bytes announced": wrong(head(Opcode.BINARY, (1 << 63) - 1), code=TOO_BIG),
    "64 MiB": Attack(TOO_BIG, one_of_64_mib, flood=True),
    "64 fragments of 1 MiB": Attack(TOO_BIG, lambda: fragments(MIB, 64), flood=True),
    "64 MiB in fragments of 1 KiB": Attack(TOO_BIG, lambda: fragments(1 << 10, 64 << 10), flood=True),
    "64 Ki fragments of 1 byte": Attack(TOO_BIG, lambda: tiny_fragments(1, 64 << 10), flood=True),
    "4 Mi empty fragments": Attack(TOO_BIG, lambda: tiny_fragments(0, 4 << 20), flood=True),
}


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_broken_frame_ends_its_own_connection_at_once(
    room: Room, mallory: Wire, attack: Attack, cuts: bool
) -> None:
    first, *rest = attack.pieces()
    mallory.send(first[:1])
    room.says("during")
    pour(mallory, (first[1:], *rest))
    code = ending(mallory, AT_ONCE)
    assert code in ({None} if cuts else {attack.code, None} if attack.flood else {attack.code})


@pytest.mark.usefixtures("bounded")
def test_a_binary_frame_is_refused_and_harms_nothing(room: Room, mallory: Wire) -> None:
    mallory.send(frame(Opcode.BINARY, HARMLESS))
    room.says("during")
    assert room.next_reply(mallory, AT_ONCE)["code"] == "bad_frame"
    mallory.send(text(type="members", ref=1, room=GENERAL))
    assert room.next_reply(mallory)["ref"] == 1


def test_fragments_that_end_are_one_message(room: Room, mallory: Wire) -> None:
    sent = '{"type":"rooms","ref":"€","limit":1}'.encode()
    middle = sent.index("€".encode()) + 1
    mallory.send(frame(Opcode.TEXT, sent[:middle], fin=False))
    mallory.send(frame(Opcode.PING, b"in between"))
    room.says("during")
    mallory.send(frame(Opcode.CONTINUATION, sent[middle:]))
    assert room.next_reply(mallory)["ref"] == "€"
