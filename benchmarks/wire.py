"""The client's side of a WebSocket, made so that the server is what limits the measurement.

While the server is saturated the client does not parse: it counts a marker in the bytes as they come, or
keeps the bytes with the time of their arrival and reads them when the measurement is over. Only while a
connection is being made are frames read as they come. Frames of servers are not masked (RFC 6455, 5.1), and
none of the servers measured here fragments one or compresses what the client did not offer to read.
"""

import asyncio
import base64
import json
import os
import re
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, Final, cast

# A message's body begins with this and the time of its sending: once in each event, in no other frame.
EVENT: Final = b'"@'
ACK: Final = b'"ack"'
SENT_AT: Final = re.compile(rb'"@(\d+)')

OP_TEXT, OP_CLOSE, OP_PING, OP_PONG = 0x1, 0x8, 0x9, 0xA

# What people say, about as long as they say it.
WORDS: Final = "the quick brown fox jumps over the lazy dog"

clock: Final = time.monotonic_ns
_numbers = count(1)

Chunk = tuple[int, bytes]  # when it came (ns), what came


def frame(payload: bytes, opcode: int = OP_TEXT) -> bytes:
    """A frame of a client. Its mask is four zero bytes: the server unmasks as ever, we save the work."""
    head = bytes((0x80 | opcode,))
    if len(payload) < 126:
        return head + bytes((0x80 | len(payload),)) + bytes(4) + payload
    return head + b"\xfe" + struct.pack("!H", len(payload)) + bytes(4) + payload


def message(room: str) -> bytes:
    """The frame that sends one message; its body says when."""
    number = next(_numbers)
    cid = f"00000000-0000-4000-8000-{number:012x}"
    body = f"@{clock()} {WORDS}"
    return frame(f'{{"type":"send","ref":{number},"room":"{room}","cid":"{cid}","body":"{body}"}}'.encode())


class Frames:
    """Bytes of a server in, ``(opcode, payload)`` out."""

    def __init__(self) -> None:
        self.rest = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        rest = self.rest
        rest += data
        found = []
        start = 0
        while len(rest) - start >= 2:
            length, begin = rest[start + 1], start + 2
            if length == 126:
                begin += 2
            elif length == 127:
                begin += 8
            if len(rest) < begin:
                break
            if length > 125:
                length = int.from_bytes(rest[start + 2 : begin], "big")
            if len(rest) < begin + length:
                break
            if not rest[start] & 0x80:
                raise ValueError("The server sent a fragment; this client cannot read that.")
            found.append((rest[start] & 0x0F, bytes(rest[begin : begin + length])))
            start = begin + length
        del rest[:start]
        return found


def frames(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Whole text frames out of recorded bytes, each with the time at which its last byte came."""
    reader = Frames()
    for at, data in chunks:
        for opcode, payload in reader.feed(data):
            if opcode == OP_TEXT:
                yield at, payload


def latencies(chunks: Iterable[Chunk], since: int = 0) -> list[float]:
    """Milliseconds from the sending of each message to its arrival here; of those sent from ``since`` on."""
    found = []
    for at, payload in frames(chunks):
        for match in SENT_AT.finditer(payload):
            sent = int(match[1])
            if sent >= since:
                found.append((at - sent) / 1e6)
    return found


def events(chunks: Iterable[Chunk]) -> Iterator[dict[str, Any]]:
    """Every message event, as a client that follows the protocol applies them: out of batches and replays."""
    for _, payload in frames(chunks):
        yield from _events_in(json.loads(payload))


def _events_in(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if told["type"] == "batch":
        for one in told["frames"]:
            yield from _events_in(one)
    elif told["type"] == "event" and told["kind"] == "message":
        yield told
    elif told["type"] == "joined":
        yield from (one for one in told.get("events", ()) if one["kind"] == "message")
        yield from told.get("messages", ())


class Tally:
    """Counts a marker in a stream that is cut anywhere."""

    __slots__ = ("_kept", "_marker", "_tail", "total")

    def __init__(self, marker: bytes) -> None:
        self._marker = marker
        self._kept = len(marker) - 1
        self._tail = b""
        self.total = 0

    def feed(self, data: bytes) -> int:
        """How many more there are."""
        kept = self._kept
        # What spans the cut is in the seam; the tail is too short to hold a marker of its own.
        more = data.count(self._marker) + (self._tail + data[:kept]).count(self._marker)
        self._tail = data[-kept:] if len(data) >= kept else (self._tail + data)[-kept:]
        self.total += more
        return more


class Client(asyncio.Protocol):
    """One connection of somebody with a session: it joins the first room that ``welcome`` lists.

    ``joined`` is done when the server has said so. After that ``count`` or ``record`` says what becomes of
    what comes; until then, and without either, frames are read and thrown away.
    """

    def __init__(self, port: int, session: str) -> None:
        self._request = _handshake(port, session)
        self._reader = Frames()
        self._take: Callable[[bytes], None] = self._open
        self._transport: asyncio.Transport | None = None
        self._answer = b""
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.room = ""
        self.seen = Tally(EVENT)
        self.acks = Tally(ACK)
        self.chunks: list[Chunk] = []
        self.on_acks: Callable[[int], None] | None = None

    # --- what asyncio calls ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        self._fail("The server closed the connection before it let us in.")

    # --- what the measurements call ----------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Write an encoded frame."""
        assert self._transport is not None
        self._transport.write(data)

    def count(self, on_acks: Callable[[int], None] | None = None) -> None:
        """From now on count events in ``seen``; a sender is called with the number of acks that came."""
        self.on_acks = on_acks
        self._switch(self._count_acks_too if on_acks else self._count)

    def record(self) -> None:
        """From now on keep everything in ``chunks``."""
        self._switch(self._record)

    def close(self) -> None:
        """Say goodbye and go. Twice is harmless."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame(struct.pack("!H", 1000), OP_CLOSE))
            self._transport.close()

    # --- what becomes of the bytes -------------------------------------------------------------------

    def _switch(self, take: Callable[[bytes], None]) -> None:
        """What is left of an unfinished frame belongs to the new way."""
        self._take = take
        rest, self._reader.rest = bytes(self._reader.rest), bytearray()
        if rest:
            take(rest)

    def _count(self, data: bytes) -> None:
        self.seen.feed(data)

    def _count_acks_too(self, data: bytes) -> None:
        self.seen.feed(data)
        acks = self.acks.feed(data)
        if acks and self.on_acks is not None:
            self.on_acks(acks)

    def _record(self, data: bytes) -> None:
        self.chunks.append((clock(), data))

    def _open(self, data: bytes) -> None:
        self._answer += data
        head, end, rest = self._answer.partition(b"\r\n\r\n")
        if not end:
            return
        if not head.startswith(b"HTTP/1.1 101"):
            self._fail(f"The handshake was refused: {head.splitlines()[0]!r}")
            return
        self._answer = b""
        self._take = self._read
        self._read(rest)

    def _read(self, data: bytes) -> None:
        for opcode, payload in self._reader.feed(data):
            if opcode == OP_PING:
                self.send(frame(payload, OP_PONG))
            elif opcode == OP_CLOSE:
                self._fail(f"The server closed with {int.from_bytes(payload[:2], 'big')}.")
            elif opcode == OP_TEXT and not self.joined.done():
                self._follow(json.loads(payload))

    def _follow(self, told: dict[str, Any]) -> None:
        if told["type"] == "welcome":
            self.room = told["rooms"][0]["room"]
            self.send(frame(f'{{"type":"join","ref":0,"room":"{self.room}"}}'.encode()))
        elif told["type"] == "joined":
            self.joined.set_result(None)
        elif told["type"] == "error":
            self._fail(f"The server refused: {told}")

    def _fail(self, why: str) -> None:
        if not self.joined.done():
            self.joined.set_exception(ConnectionError(why))


def _handshake(port: int, session: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /ws/chat/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nCookie: sessionid={session}\r\n\r\n"
    ).encode()
