"""What has happened to files and is not in the database yet: the sweep writes it there.

A message that is sent, dropped by the cap or deleted notes it here and waits for nothing. What is noted is
written in batches; what a process did not get to write before it ended is found by ``attachments.review``.
"""

from collections.abc import Iterable
from typing import NamedTuple

from chat.domain import Message


class Bound(NamedTuple):
    """These files belong to this message, of this life of its room's log."""

    ids: tuple[str, ...]
    epoch: str
    message: str


class FileLedger:
    """One a runtime. ``reviewed``: whether what an earlier process left was looked at."""

    def __init__(self) -> None:
        self.bound: list[Bound] = []
        self.released: set[str] = set()
        self.cleared: dict[str, str] = {}  # rooms, and their new epochs
        self.reviewed = False

    def sent(self, epoch: str, message: Message) -> None:
        """The store has taken a message; its files are its own."""
        if message.attachments:
            self.bound.append(Bound(tuple(one.id for one in message.attachments), epoch, message.id))

    def gone(self, messages: Iterable[Message]) -> None:
        """These messages are not held any more, or were deleted: nobody reads their files from now on."""
        self.released.update(one.id for message in messages for one in message.attachments)

    def cleared_room(self, room: str, epoch: str) -> None:
        """A room's log began anew: files of its earlier lives are not read any more."""
        self.cleared[room] = epoch

    def __bool__(self) -> bool:
        return bool(self.bound or self.released or self.cleared)
