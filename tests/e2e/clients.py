"""Somebody without a page: the protocol alone, for what no page can do, and for many messages at once."""

import json
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from typing import Any, Self
from uuid import uuid4

from playwright.sync_api import APIRequest, APIRequestContext
from websockets import Origin
from websockets.sync.client import ClientConnection, connect

GENERAL = "channel:general-talk"

# Seconds for a reply on a busy machine.
PATIENCE = 30.0

# Messages under way at once, so that neither side waits for each reply.
UNDER_WAY = 20

Frame = dict[str, Any]


def csrf_token(cookies: list[Any]) -> str:
    return next((cookie["value"] for cookie in cookies if cookie["name"] == "csrftoken"), "")


class Client:
    """A session with a name, and an open WebSocket."""

    def __init__(self, request: APIRequest, url: str, name: str) -> None:
        self._ending = ExitStack()
        self.http: APIRequestContext = request.new_context(base_url=url)
        self._ending.callback(self.http.dispose)
        self.http.get("/")
        self.me: Frame = self.post("/name/", name=name)["me"]
        self._ending.callback(self.post, "/logout/")
        self._refs = count(1)
        self._arrived: deque[Frame] = deque()
        socket = connect(
            url.replace("http", "ws", 1) + "/ws/chat/",
            origin=Origin(url),
            additional_headers={"Cookie": self._cookies},
            open_timeout=PATIENCE,
            max_queue=None,  # frames that nobody asks for must not hold up the end
        )
        self._socket: ClientConnection = self._ending.enter_context(socket)
        self.welcome = self.until(lambda frame: frame["type"] == "welcome")

    @property
    def _cookies(self) -> str:
        cookies = self.http.storage_state()["cookies"]
        return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)

    def post(self, path: str, **fields: str) -> Frame:
        """The JSON answer of a POST that succeeds."""
        token = csrf_token(self.http.storage_state()["cookies"])
        response = self.http.post(path, data=fields, headers={"X-CSRFToken": token})
        assert response.ok, response.text()
        answer: Frame = response.json()
        return answer

    def tell(self, **fields: Any) -> None:
        self._socket.send(json.dumps(fields))

    def until(self, fits: Callable[[Frame], object]) -> Frame:
        """The next frame like this; what comes before it is dropped."""
        while not fits(frame := self._frame()):
            pass
        return frame

    def _frame(self) -> Frame:
        while not self._arrived:
            received = json.loads(self._socket.recv(PATIENCE))
            self._arrived.extend(received["frames"] if received["type"] == "batch" else [received])
        return self._arrived.popleft()

    def ask(self, type: str, **fields: Any) -> Frame:
        """The reply to a command, which must not be a refusal."""
        ref = next(self._refs)
        self.tell(type=type, ref=ref, **fields)
        reply = self.until(lambda frame: frame.get("ref") == ref)
        assert reply["type"] != "error", reply
        return reply

    def enters(self, room: str = GENERAL) -> list[Frame]:
        """Join a room; its messages."""
        messages: list[Frame] = self.ask("join", room=room)["messages"]
        return messages

    def makes_channel(self, name: str, topic: str = "") -> Frame:
        channel: Frame = self.post("/channels/", name=name, topic=topic)["channel"]
        return channel

    def says(self, *bodies: str, room: str = GENERAL) -> list[Frame]:
        """Send messages in this order; their acknowledgements."""
        acks: list[Frame] = []
        for start in range(0, len(bodies), UNDER_WAY):
            asked = bodies[start : start + UNDER_WAY]
            refs = {next(self._refs): body for body in asked}
            for ref, body in refs.items():
                self.tell(type="send", ref=ref, room=room, cid=str(uuid4()), body=body)
            for ref in refs:
                reply = self.until(lambda frame, ref=ref: frame.get("ref") == ref)
                assert reply["type"] == "ack", reply
                acks.append(reply)
        return acks

    def leaves(self) -> None:
        """Hang up and log out, which frees the name. Twice is harmless."""
        self._ending.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leaves()
