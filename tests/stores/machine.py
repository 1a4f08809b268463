"""Random histories: whatever is done to a store, it answers as a model of a few lines does."""

import asyncio
from abc import abstractmethod
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chat.conf import Limits
from chat.domain import Author, DeleteEvent, Draft, EditEvent, Event, MessageEvent, ReactionEvent
from chat.errors import NotFound, TooLong
from chat.stores.base import MessageStore

ROOM = "channel:pit-crew"
LIMITS = Limits(kept=5, events_kept=12, cids_kept=6, reaction_kinds=2, reaction_people=2)

people = st.sampled_from([Author("ann", "Ann"), Author("bob", "Bob"), Author("carol", "Carol")])
# Few, so that they meet.
cids = st.sampled_from("ABCDEFGHIJ")
texts = st.sampled_from(["one", "two", "three"])
emojis = st.sampled_from(["👍", "❤️", "🔧"])
places = st.integers(0, 9)

# An eighth of what the profile asks for, as one example is a history of many steps.
STEPS = settings(
    max_examples=max(5, settings.default.max_examples // 8), stateful_step_count=40, deadline=None
)


class _Message:
    """What the model knows of a message."""

    def __init__(self, message_id: str, seq: int, n: int, author: str, body: str, ts: int) -> None:
        self.id, self.seq, self.n, self.author, self.body, self.ts = message_id, seq, n, author, body, ts
        self.deleted = False
        self.reactions: dict[str, list[str]] = {}


class StoreMachine(RuleBasedStateMachine):
    """A store beside a model. Subclasses have ``make_store``: a store with ``LIMITS``, made inside the loop.

    ``kept`` messages of a room are held, ``cids_kept`` sends are remembered; None: all of them.
    """

    kept: int | None = LIMITS.kept
    cids_kept: int | None = LIMITS.cids_kept

    @abstractmethod
    def make_store(self) -> MessageStore: ...

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store: MessageStore = self.runner.run(self._made())
        self.now = 1_700_000_000_000
        self.begin()

    async def _made(self) -> MessageStore:
        return self.make_store()

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()

    def begin(self) -> None:
        self.epoch = self.runner.run(self.store.heads([ROOM]))[ROOM].epoch
        self.messages: list[_Message] = []  # all of them
        self.log: list[tuple[str, _Message, Any]] = []  # all events
        self.sends: dict[tuple[str, str], _Message] = {}
        self.markers: dict[str, int] = {}

    def do(self, coroutine: Any) -> Any:
        """The result, or the class of the error."""
        self.now += 1
        try:
            return self.runner.run(coroutine)
        except (NotFound, TooLong) as error:
            return type(error)

    @property
    def held(self) -> list[_Message]:
        return self.messages[-self.kept :] if self.kept else self.messages

    def at(self, place: int) -> _Message:
        """A message, old or new; often one that is not held any more."""
        return self.messages[-1 - place % len(self.messages)]

    def is_there(self, message: _Message) -> bool:
        return message in self.held and not message.deleted

    # --- what can happen -----------------------------------------------------------------------------

    @rule(author=people, cid=cids, body=texts)
    def append(self, author: Author, cid: str, body: str) -> None:
        stored = self.do(self.store.append(ROOM, Draft(author, cid, body, self.now + 1)))
        first = self.sends.get((author.id, cid))
        assert stored.epoch == self.epoch
        assert stored.duplicate == (first is not None)
        if first is not None:
            assert (stored.message.id, stored.message.seq, stored.message.n) == (first.id, first.seq, first.n)
            assert stored.released == ()
            return
        dropped = self.held[:1] if len(self.held) == self.kept else []
        assert [message.id for message in stored.released] == [message.id for message in dropped]
        seq, n = len(self.log) + 1, len(self.messages) + 1
        message = _Message(stored.message.id, seq, n, author.id, body, self.now)
        assert (stored.message.seq, stored.message.n, stored.message.ts) == (seq, n, self.now)
        self.messages.append(message)
        self.log.append(("message", message, None))
        self.markers[author.id] = n
        self.sends[author.id, cid] = message
        if self.cids_kept and len(self.sends) > self.cids_kept:
            del self.sends[next(iter(self.sends))]

    @precondition(lambda self: self.messages)
    @rule(place=places, body=texts)
    def edit(self, place: int, body: str) -> None:
        message = self.at(place)
        change = self.do(self.store.edit(ROOM, message.id, body, self.now))
        if not self.is_there(message):
            assert change is NotFound
        elif message.body == body:
            assert change is None
        else:
            message.body = body
            self.log.append(("edit", message, None))
            assert (change.event.seq, change.event.body) == (len(self.log), body)

    @precondition(lambda self: self.messages)
    @rule(place=places)
    def delete(self, place: int) -> None:
        message = self.at(place)
        change = self.do(self.store.delete(ROOM, message.id))
        if not self.is_there(message):
            assert change is NotFound
            return
        message.deleted, message.body, message.reactions = True, "", {}
        self.log.append(("delete", message, None))
        assert change.event == DeleteEvent(ROOM, len(self.log), message.id)

    @precondition(lambda self: self.messages)
    @rule(place=places, person=people, emoji=emojis, on=st.booleans())
    def react(self, place: int, person: Author, emoji: str, on: bool) -> None:
        message = self.at(place)
        change = self.do(self.store.react(ROOM, message.id, person.id, emoji, on))
        if not self.is_there(message):
            assert change is NotFound
            return
        behind = message.reactions.get(emoji, [])
        if (person.id in behind) == on:
            assert change is None
        elif on and self.is_full(message, emoji):
            assert change is TooLong
        else:
            if on:
                message.reactions.setdefault(emoji, behind).append(person.id)
            else:
                behind.remove(person.id)
                if not behind:
                    del message.reactions[emoji]
            self.log.append(("reaction", message, (emoji, person.id, on)))
            seq = len(self.log)
            assert change.event == ReactionEvent(ROOM, seq, message.id, emoji, person.id, on, len(behind))

    @staticmethod
    def is_full(message: _Message, emoji: str) -> bool:
        if emoji in message.reactions:
            return len(message.reactions[emoji]) == LIMITS.reaction_people
        return len(message.reactions) == LIMITS.reaction_kinds

    @rule(person=people, n=st.integers(-1, 30), is_present=st.booleans())
    def mark_read(self, person: Author, n: int, is_present: bool) -> None:
        before = self.markers.get(person.id)
        state = self.do(self.store.mark_read(ROOM, person.id, self.epoch if is_present else "x", n, 0))
        if is_present and n > (before if before is not None else len(self.messages) - len(self.held)):
            self.markers[person.id] = min(n, len(self.messages))
        assert state.unread == self.unread(person.id)

    @rule()
    def clear(self) -> None:
        before = self.epoch
        head = self.do(self.store.clear(ROOM))
        self.begin()
        assert head == (self.epoch, 0, 0)
        assert self.epoch != before

    # --- what must be so after each step -----------------------------------------------------------------

    def unread(self, person: str) -> int:
        marker = self.markers.get(person, 0)
        return sum(one.n > marker and one.author != person and not one.deleted for one in self.held)

    def present(self, seq: int) -> tuple[Any, ...] | None:
        """The event with this number as it reads today; None when the log cannot tell."""
        kind, message, reaction = self.log[seq - 1]
        if kind == "delete":
            return kind, seq, message.id
        if message not in self.held:
            return None
        if kind == "reaction":
            emoji, person, on = reaction
            return kind, seq, message.id, emoji, person, on, len(message.reactions.get(emoji, ()))
        return kind, seq, message.id, message.body

    @staticmethod
    def shown(event: Event) -> tuple[Any, ...]:
        if isinstance(event, MessageEvent):
            return "message", event.seq, event.message.id, event.message.body
        if isinstance(event, EditEvent):
            return "edit", event.seq, event.id, event.body
        if isinstance(event, DeleteEvent):
            return "delete", event.seq, event.id
        return "reaction", event.seq, event.id, event.emoji, event.by, event.on, event.count

    @invariant()
    def the_newest_messages_are_there(self) -> None:
        head, page = self.runner.run(self.store.latest(ROOM, 100))
        assert head == (self.epoch, len(self.log), len(self.messages))
        assert self.runner.run(self.store.heads([ROOM])) == {ROOM: head}
        assert not page.more
        assert [
            (
                one.id,
                one.seq,
                one.n,
                one.body,
                bool(one.deleted),
                {r.emoji: list(r.by) for r in one.reactions},
            )
            for one in page.messages
        ] == [(one.id, one.seq, one.n, one.body, one.deleted, one.reactions) for one in self.held]
        for n in range(len(self.messages) + 2):
            page = self.runner.run(self.store.before(ROOM, n, 2))
            older = [one for one in self.held if one.n < n]
            assert [one.id for one in page.messages] == [one.id for one in older[-2:]]
            assert page.more == (len(older) > 2)

    @invariant()
    def every_position_is_told_what_followed_or_nothing(self) -> None:
        for seq in range(-1, len(self.log) + 2):
            replay = self.runner.run(self.store.read_after(ROOM, self.epoch, seq))
            if not max(0, len(self.log) - LIMITS.events_kept) <= seq <= len(self.log):
                assert replay is None
                continue
            events = [self.present(number) for number in range(seq + 1, len(self.log) + 1)]
            assert (replay is not None) == all(events)
            if replay is not None:
                assert [self.shown(event) for event in replay.events] == events

    @invariant()
    def unread_is_exact(self) -> None:
        for person in ("ann", "bob", "carol", "nobody"):
            state = self.runner.run(self.store.unread([ROOM], person, 0))[ROOM]
            assert state.unread == self.unread(person)
            if person in self.markers:
                assert state.read == self.markers[person]
