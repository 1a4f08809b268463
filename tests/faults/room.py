"""The people in the room: one speaks, one listens, and one is not to be trusted."""

from itertools import count
from time import monotonic
from typing import Any

from .clients import GENERAL, Client, Frame
from .wire import PATIENCE, Wire, chat_frames, text


class Room:
    """Remembers what was said, all of which the listener must hear, in this order and once."""

    def __init__(self, port: int, speaker: Client, listener: Client, attacker_cookie: str) -> None:
        self.speaker = speaker
        self.listener = listener
        self._port = port
        self._cookie = attacker_cookie
        self._numbers = count(1)
        self._said: list[str] = []

    def says(self, words: str) -> None:
        """A message that is accepted."""
        body = f"{next(self._numbers)} {words}"
        self.speaker.says(body)
        self._said.append(body)

    def has_lost_nothing(self) -> None:
        """The listener's connection is open, and has brought every message, in order and once."""
        self.listener.hears(self._said[-1])
        events = self.listener.events
        first = events[0]["seq"]
        assert [event["seq"] for event in events] == list(range(first, first + len(events)))
        mine = [one for one in events if one["message"]["author"]["id"] == self.speaker.id]
        assert [one["message"]["body"] for one in mine] == self._said
        assert not self.listener.ended
        assert not self.speaker.ended

    def is_told(self, change: str, name: str) -> None:
        """Wait until the listener knows that somebody has ``joined`` or ``left``."""
        self.listener.first(
            lambda one: one["type"] == "presence" and name in [person["name"] for person in one[change]]
        )

    def attacker(self) -> Wire:
        """Another open connection of the untrusted, who is in the room."""
        return self.enter(self._cookie)

    def enter(self, cookie: str, **options: Any) -> Wire:
        """An open connection of somebody who is in the room."""
        wire = Wire(self._port, cookie, **options)
        wire.send(text(type="join", ref="enter", room=GENERAL))
        assert self.next_reply(wire)["type"] == "joined"
        return wire

    def next_reply(self, wire: Wire, within: float = PATIENCE) -> Frame:
        """The next reply, or error without a ``ref``; news is dropped."""
        deadline = monotonic() + within
        while True:
            for one in chat_frames(wire.receive(deadline)):
                if "ref" in one or one["type"] == "error":
                    return dict(one)
