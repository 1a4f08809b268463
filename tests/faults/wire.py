"""A small RFC 6455 client on a plain TCP socket: it sends what no library would send."""

import json
import os
import socket
import struct
from base64 import b64encode
from collections.abc import Iterable, Iterator
from enum import IntEnum
from itertools import repeat
from time import monotonic
from typing import NamedTuple, Self

HOST = "127.0.0.1"

# For everything that is waited for, on a busy machine. Nothing waits this long when all is well.
PATIENCE = 20.0

# A mask of zeros is as good as any other, and payloads of 64 MiB need not be touched.
MASK = bytes(4)


class Opcode(IntEnum):
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


def head(opcode: int, length: int, *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """What stands before a frame's payload, whether it makes sense or not. ``rsv`` has three bits."""
    first = fin << 7 | rsv << 4 | opcode
    bit = masked << 7
    mask = MASK if masked else b""
    if length < 126:
        return struct.pack("!BB", first, bit | length) + mask
    if length < 1 << 16:
        return struct.pack("!BBH", first, bit | 126, length) + mask
    return struct.pack("!BBQ", first, bit | 127, length) + mask


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    return head(opcode, len(payload), fin=fin, rsv=rsv, masked=masked) + payload


def fragments(size: int, amount: int) -> Iterator[bytes]:
    """Never finished."""
    yield frame(Opcode.TEXT, b"a" * size, fin=False)
    yield from repeat(frame(Opcode.CONTINUATION, b"a" * size, fin=False), amount - 1)


def text(**fields: object) -> bytes:
    """A command of the protocol, in one frame."""
    return frame(Opcode.TEXT, json.dumps(fields).encode())


class Received(NamedTuple):
    """One frame of the server, which sends no fragments."""

    opcode: int
    payload: bytes


class Ended(Exception):
    """The server ended the connection: with this close code, or ``None`` when it was cut."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class Wire:
    """An open WebSocket. Whoever holds it answers nothing by itself: no ping, no close."""

    def __init__(self, port: int, cookie: str, *, receive_buffer: int | None = None) -> None:
        """Shake hands with the session of the cookie. A small ``receive_buffer`` (bytes) is soon full."""
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(PATIENCE)
        self._data = bytearray()
        try:
            self._socket.connect((HOST, port))
            self._shake_hands(port, cookie)
        except BaseException:
            self._socket.close()
            raise

    def _shake_hands(self, port: int, cookie: str) -> None:
        lines = (
            "GET /ws/chat/ HTTP/1.1",
            f"Host: {HOST}:{port}",
            f"Origin: http://{HOST}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Cookie: {cookie}",
        )
        self.send("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        deadline = monotonic() + PATIENCE
        while b"\r\n\r\n" not in self._data:
            self._fill(deadline)
        answer, _, rest = bytes(self._data).partition(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        self._data = bytearray(rest)

    def send(self, data: bytes) -> None:
        """All of it. Raises ``OSError`` when the server has ended the connection."""
        self._socket.sendall(data)

    def receive(self, deadline: float) -> Received:
        """The next frame. Raises ``Ended``, and ``TimeoutError`` after ``deadline`` (``monotonic``)."""
        while (received := self._take()) is None:
            self._fill(deadline)
        if received.opcode == Opcode.CLOSE:
            raise Ended(struct.unpack("!H", received.payload[:2])[0] if received.payload else None)
        return received

    def _take(self) -> Received | None:
        if len(self._data) < 2:
            return None
        start, length = 2, self._data[1]
        for sign, form in ((126, "!H"), (127, "!Q")):
            if length == sign:
                start += struct.calcsize(form)
                if len(self._data) < start:
                    return None
                (length,) = struct.unpack_from(form, self._data, 2)
                break
        if len(self._data) < start + length:
            return None
        received = Received(self._data[0] & 0x0F, bytes(self._data[start : start + length]))
        del self._data[: start + length]
        return received

    def _fill(self, deadline: float) -> None:
        self._socket.settimeout(max(deadline - monotonic(), 0.001))
        try:
            data = self._socket.recv(1 << 16)
        except TimeoutError:
            raise
        except OSError:
            raise Ended(None) from None
        finally:
            self._socket.settimeout(PATIENCE)
        if not data:
            raise Ended(None)
        self._data += data

    def vanish(self) -> None:
        """Gone by a reset, as when a machine loses its power and comes back."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def chat_frames(received: Received) -> Iterable[dict[str, object]]:
    """The frames of the chat's protocol in a frame of the wire."""
    if received.opcode != Opcode.TEXT:
        return []
    value = json.loads(received.payload)
    frames: list[dict[str, object]] = value["frames"] if value["type"] == "batch" else [value]
    return frames


def ending(wire: Wire, within: float) -> int | None:
    """The code with which the server closes, or ``None`` for a cut. What it sent before is dropped."""
    deadline = monotonic() + within
    try:
        while True:
            wire.receive(deadline)
    except Ended as end:
        return end.code


def pour(wire: Wire, pieces: Iterable[bytes]) -> None:
    """As much as the server takes."""
    try:
        for piece in pieces:
            wire.send(piece)
    except OSError:
        pass  # it has ended the connection, as `ending` will see
