"""People who keep to the protocol: they read at all times, and answer the server's pings."""

import http.client
from collections.abc import Callable
from itertools import count
from threading import Condition, Lock, Thread
from time import monotonic
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from .wire import HOST, PATIENCE, Ended, Opcode, Wire, chat_frames, frame, text

GENERAL = "channel:general-talk"

# Anybody may choose the token: that cookie and header agree is what counts.
CSRF_TOKEN = "a" * 32

Frame = dict[str, Any]


def post(port: int, path: str, cookie: str = "", **fields: str) -> http.client.HTTPResponse:
    """The answer to a form, which must be a success."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    try:
        headers = {
            "Cookie": f"csrftoken={CSRF_TOKEN}; {cookie}",
            "X-CSRFToken": CSRF_TOKEN,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection.request("POST", path, urlencode(fields), headers)
        response = connection.getresponse()
        assert response.status == http.client.OK, response.read()
        return response
    finally:
        connection.close()


def cookie_of(port: int, name: str) -> str:
    """The cookie of a new session with this name."""
    set_cookies = post(port, "/name/", name=name).headers.get_all("Set-Cookie") or []
    return next(one.partition(";")[0] for one in set_cookies if one.startswith("sessionid="))


def log_out(port: int, cookie: str) -> None:
    post(port, "/logout/", cookie)


class Client:
    """Somebody in a room. A thread reads for them, so that nothing waits for the test."""

    def __init__(self, port: int, cookie: str) -> None:
        self._wire = Wire(port, cookie)
        self._sending = Lock()
        self._news = Condition()
        self._refs = count(1)
        self.frames: list[Frame] = []
        self.ended: str = ""
        Thread(target=self._read, daemon=True).start()
        self.id: str = self.first(lambda one: one["type"] == "welcome")["me"]["id"]
        self.ask("join", room=GENERAL)

    def _read(self) -> None:
        try:
            while True:
                self._take(self._wire.receive(monotonic() + 3600))
        except (Ended, OSError) as error:
            with self._news:
                self.ended = repr(error)
                self._news.notify_all()

    def _take(self, received: Any) -> None:
        if received.opcode == Opcode.PING:
            self._send(frame(Opcode.PONG, received.payload))
        for one in chat_frames(received):
            if one["type"] == "ping":
                self._send(text(type="pong", ts=one["ts"]))
            with self._news:
                self.frames.append(dict(one))
                self._news.notify_all()

    def _send(self, data: bytes) -> None:
        with self._sending:
            self._wire.send(data)

    def first(self, fits: Callable[[Frame], object]) -> Frame:
        """The first frame like this of all that came, when it is here."""
        with self._news:
            found = self._news.wait_for(
                lambda: next((one for one in self.frames if fits(one)), None) or self.ended, PATIENCE
            )
        assert isinstance(found, dict), self.ended or "It did not come."
        return found

    def ask(self, type: str, **fields: Any) -> Frame:
        """The reply to a command, an ``error`` too."""
        ref = next(self._refs)
        self._send(text(type=type, ref=ref, **fields))
        return self.first(lambda one: one.get("ref") == ref)

    def says(self, body: str) -> None:
        """Send a message that is accepted."""
        reply = self.ask("send", room=GENERAL, cid=str(uuid4()), body=body)
        assert reply["type"] == "ack", reply

    def hears(self, body: str) -> None:
        """Wait for the message."""
        self.first(lambda one: one["type"] == "event" and one.get("message", {}).get("body") == body)

    @property
    def events(self) -> list[Frame]:
        """The numbered events, as they came."""
        with self._news:
            return [one for one in self.frames if one["type"] == "event"]

    def close(self) -> None:
        self._wire.close()
