"""What ``chat.stores.base`` promises, as tests. A store's own test module inherits and says how to make one.

``StoreContract`` is for every store, ``CappedContract`` for those that keep a room's newest messages only,
``StoreMachine`` in ``machine`` compares one with a simple model over random histories.
"""

import asyncio
from collections.abc import Callable, Collection
from itertools import count
from typing import Any

import pytest
from msgspec import UNSET, structs

from chat.conf import Limits
from chat.domain import (
    Attachment,
    Author,
    DeleteEvent,
    Draft,
    EditEvent,
    Event,
    Head,
    Message,
    MessageEvent,
    Page,
    Quote,
    Reaction,
    ReactionEvent,
    Unread,
)
from chat.errors import NotFound, TooLong
from chat.stores.base import MessageStore, Moving, NotHere, Replay
from chat.stores.memory import MemoryStore

ROOM = "channel:pit-crew"
OTHER = "channel:boxes"
NOW = 1_700_000_000_000
ANN, BOB, CAROL = Author("ann", "Ann"), Author("bob", "Bob"), Author("carol", "Carol", guest=False)
THUMB, HEART = "👍", "❤️"
# Numbers that no log has reached. The last ones do not fit where a database keeps numbers.
FUTURE = (2**31, 2**53, 2**63, 2**64, 10**40)

MakeStore = Callable[[Limits], MessageStore]

_cids = count()


def draft(author: Author = ANN, body: str = "hello", *, cid: str = "", ts: int = NOW, **more: Any) -> Draft:
    """A message with a ``cid`` of its own."""
    return Draft(author, cid or f"cid-{next(_cids)}", body, ts, **more)


async def post(store: MessageStore, author: Author = ANN, *bodies: str, room: str = ROOM) -> list[Message]:
    """Append messages, one after the other."""
    return [(await store.append(room, draft(author, body))).message for body in bodies]


async def post_many(store: MessageStore, number: int, author: Author = ANN) -> list[Message]:
    return await post(store, author, *map(str, range(1, number + 1)))


def bodies(messages: Collection[Message]) -> list[str]:
    return [message.body for message in messages]


async def replay(store: MessageStore, seq: int, room: str = ROOM) -> Replay | None:
    """Everything after ``seq`` in the present life of the log."""
    head = (await store.heads([room]))[room]
    return await store.read_after(room, head.epoch, seq)


async def events_after(store: MessageStore, seq: int) -> tuple[Event, ...]:
    found = await replay(store, seq)
    assert found is not None
    return found.events


def copied(log: Moving, room: str) -> Moving:
    """The log of another room, with messages of its own."""
    ids = {one.id: f"2{one.id}"[:12] for one in log.messages}
    messages = tuple(structs.replace(one, id=ids[one.id], room=room) for one in log.messages)
    reactors = {ids[message]: people for message, people in log.reactors.items()}
    return log._replace(messages=messages, reactors=reactors)


class StoreContract:
    """Every store. ``make_store`` is the one thing that a store's own tests have to give.

    ``is_out`` is what a change gets of a log that is not here.
    """

    is_out: type[Exception] = NotHere

    @pytest.fixture
    def make_store(self) -> MakeStore:
        raise NotImplementedError("the tests of a store say how it is made")

    @pytest.fixture
    def store(self, make_store: MakeStore) -> MessageStore:
        return make_store(Limits())

    async def seen_by(self, store: MessageStore, person: Author, since: int = 0) -> Unread:
        return (await store.unread([ROOM], person.id, since))[ROOM]

    # --- append ------------------------------------------------------------------------------------

    async def test_a_message_is_kept_as_it_was_sent(self, store: MessageStore) -> None:
        quote = Quote("m0", BOB, "what was asked")
        file = Attachment("f1", "lap times.pdf", "application/pdf", 1_234, "/files/f1/lap%20times.pdf")
        sent = draft(CAROL, "Grüße\n👋🏽", cid="C", ts=NOW + 5, reply_to=quote, attachments=(file,))
        stored = await store.append(ROOM, sent)
        message = stored.message
        assert (message.room, message.seq, message.n) == (ROOM, 1, 1)
        assert (message.author, message.body, message.ts, message.cid) == (CAROL, "Grüße\n👋🏽", NOW + 5, "C")
        assert (message.reply_to, message.attachments, message.reactions) == (quote, (file,), ())
        assert message.edited_at is UNSET
        assert not message.deleted
        assert not stored.duplicate
        assert stored.released == ()
        assert (await store.latest(ROOM, 10)).page.messages == (message,)

    async def test_the_first_message_of_a_room_has_number_one(self, store: MessageStore) -> None:
        untouched = (await store.heads([ROOM]))[ROOM]
        assert (untouched.seq, untouched.n) == (0, 0)
        stored = await store.append(ROOM, draft())
        assert stored.epoch == untouched.epoch
        assert (await store.heads([ROOM]))[ROOM] == Head(stored.epoch, 1, 1)

    async def test_rooms_have_numbers_of_their_own(self, store: MessageStore) -> None:
        await post_many(store, 3)
        [message] = await post(store, ANN, "first", room=OTHER)
        assert (message.seq, message.n) == (1, 1)
        assert bodies((await store.latest(OTHER, 10)).page.messages) == ["first"]
        with pytest.raises(NotFound):
            await store.get(ROOM, message.id)

    async def test_numbers_rise_by_exactly_one_under_200_concurrent_sends(self, store: MessageStore) -> None:
        sends = (store.append(ROOM, draft(Author(f"p{i}", "P"))) for i in range(200))
        messages = [stored.message for stored in await asyncio.gather(*sends)]
        assert sorted(message.seq for message in messages) == list(range(1, 201))
        assert sorted(message.n for message in messages) == list(range(1, 201))
        assert all(message.seq == message.n for message in messages)
        assert len({message.id for message in messages}) == 200

    async def test_every_change_takes_the_next_seq_and_only_messages_take_an_n(
        self, store: MessageStore
    ) -> None:
        first, second = await post(store, ANN, "one", "two")
        changes = [
            await store.edit(ROOM, first.id, "uno", NOW),
            await store.react(ROOM, first.id, BOB.id, THUMB, True),
            await store.react(ROOM, first.id, BOB.id, THUMB, False),
            await store.delete(ROOM, second.id),
        ]
        assert [change.event.seq for change in changes if change] == [3, 4, 5, 6]
        [third] = await post(store, ANN, "three")
        assert (third.seq, third.n) == (7, 3)
        head = (await store.heads([ROOM]))[ROOM]
        assert (head.seq, head.n) == (7, 3)
        assert {change.epoch for change in changes if change} == {head.epoch}

    async def test_changes_and_sends_at_once_share_the_numbers(self, store: MessageStore) -> None:
        [message] = await post(store, ANN, "0")
        work = [
            *(store.edit(ROOM, message.id, str(i), NOW) for i in range(1, 21)),
            *(store.react(ROOM, message.id, f"p{i}", THUMB, True) for i in range(20)),
            *(store.append(ROOM, draft()) for _ in range(20)),
        ]
        results: list[Any] = await asyncio.gather(*work)
        numbers = [one.event.seq if hasattr(one, "event") else one.message.seq for one in results]
        assert sorted(numbers) == list(range(2, 62))
        events = await events_after(store, 0)
        assert [event.seq for event in events] == list(range(1, 62))

    # --- the same send again -------------------------------------------------------------------------

    async def test_the_same_send_twice_is_one_message(self, store: MessageStore) -> None:
        first = await store.append(ROOM, draft(cid="C", body="hello", ts=NOW))
        again = await store.append(ROOM, draft(cid="C", body="hello", ts=NOW + 9_000))
        assert again.duplicate
        assert again.epoch == first.epoch
        for field in ("id", "seq", "n", "ts", "cid"):
            assert getattr(again.message, field) == getattr(first.message, field)
        assert again.released == ()
        assert (await store.heads([ROOM]))[ROOM] == Head(first.epoch, 1, 1)
        assert bodies((await store.latest(ROOM, 10)).page.messages) == ["hello"]

    async def test_a_send_can_be_looked_up_without_sending_again(self, store: MessageStore) -> None:
        first = await store.append(ROOM, draft(ANN, cid="C"))
        before = await store.sent(ROOM, ANN.id, "C")
        assert before is not None
        assert (before.duplicate, before.epoch, before.message.id) == (True, first.epoch, first.message.id)
        assert await store.sent(ROOM, BOB.id, "C") is None
        assert await store.sent(ROOM, ANN.id, "D") is None
        assert await store.sent(OTHER, ANN.id, "C") is None
        assert (await store.heads([ROOM]))[ROOM].seq == 1

    async def test_the_same_send_at_once_is_one_message(self, store: MessageStore) -> None:
        results = await asyncio.gather(*(store.append(ROOM, draft(cid="C")) for _ in range(50)))
        assert sum(not stored.duplicate for stored in results) == 1
        assert len({(stored.message.id, stored.message.seq) for stored in results}) == 1
        assert (await store.heads([ROOM]))[ROOM].seq == 1

    async def test_another_author_with_the_same_cid_sends_another_message(self, store: MessageStore) -> None:
        ann = await store.append(ROOM, draft(ANN, cid="C"))
        bob = await store.append(ROOM, draft(BOB, cid="C"))
        assert not bob.duplicate
        assert bob.message.id != ann.message.id
        assert (bob.message.seq, bob.message.author) == (2, BOB)

    async def test_the_same_cid_in_another_room_is_another_message(self, store: MessageStore) -> None:
        here = await store.append(ROOM, draft(cid="C"))
        there = await store.append(OTHER, draft(cid="C"))
        assert not there.duplicate
        assert there.message.id != here.message.id

    async def test_a_send_is_the_same_after_its_author_was_renamed(self, store: MessageStore) -> None:
        await store.append(ROOM, draft(ANN, cid="C"))
        assert (await store.append(ROOM, draft(Author("ann", "Anna"), cid="C"))).duplicate

    async def test_a_send_is_remembered_when_its_message_was_changed_or_deleted(
        self, store: MessageStore
    ) -> None:
        first = (await store.append(ROOM, draft(cid="C", body="secret"))).message
        await store.edit(ROOM, first.id, "other", NOW)
        await store.delete(ROOM, first.id)
        again = await store.append(ROOM, draft(cid="C", body="secret"))
        assert again.duplicate
        assert (again.message.id, again.message.seq, again.message.n) == (first.id, 1, 1)
        assert [message.deleted for message in (await store.latest(ROOM, 10)).page.messages] == [True]

    async def test_a_second_send_moves_no_marker(self, store: MessageStore) -> None:
        await store.append(ROOM, draft(ANN, cid="C"))
        await post(store, BOB, "news")
        await store.append(ROOM, draft(ANN, cid="C"))
        assert await self.seen_by(store, ANN) == Unread(1, 1)

    # --- edit ----------------------------------------------------------------------------------------

    async def test_an_edit_changes_the_text_and_says_when(self, store: MessageStore) -> None:
        [message] = await post(store, ANN, "helo")
        change = await store.edit(ROOM, message.id, "hello", NOW + 60_000)
        assert change is not None
        assert change.event == EditEvent(ROOM, 2, message.id, "hello", NOW + 60_000)
        edited = await store.get(ROOM, message.id)
        assert (edited.body, edited.edited_at) == ("hello", NOW + 60_000)
        assert (edited.seq, edited.n, edited.ts, edited.author) == (1, 1, NOW, ANN)

    async def test_an_edit_to_the_same_text_is_none(self, store: MessageStore) -> None:
        [message] = await post(store, ANN, "hello")
        assert await store.edit(ROOM, message.id, "hello", NOW + 1) is None
        assert await store.get(ROOM, message.id) == message
        assert (await store.heads([ROOM]))[ROOM].seq == 1

    # --- delete ----------------------------------------------------------------------------------------

    async def test_a_deleted_message_keeps_its_place_and_nothing_else(self, store: MessageStore) -> None:
        file = Attachment("f1", "a.png", "image/png", 10, "/files/f1/a.png", "/files/f1/thumb", 4, 3)
        sent = draft(ANN, "secret", attachments=(file,), reply_to=Quote("m0", BOB, "also secret"))
        message = (await store.append(ROOM, sent)).message
        await store.react(ROOM, message.id, BOB.id, THUMB, True)
        change = await store.delete(ROOM, message.id)
        assert change.event == DeleteEvent(ROOM, 3, message.id)
        [left] = (await store.latest(ROOM, 10)).page.messages
        assert left.deleted is True
        assert (left.id, left.seq, left.n, left.author, left.ts) == (message.id, 1, 1, ANN, NOW)
        assert (left.body, left.attachments, left.reactions, left.reply_to) == ("", (), (), UNSET)

    @pytest.mark.parametrize("which", ["unknown", "deleted", "in another room"])
    async def test_what_is_not_there_is_not_found(self, store: MessageStore, which: str) -> None:
        [message] = await post(store, ANN, "hello")
        room, message_id = ROOM, message.id
        if which == "unknown":
            message_id = "nothing"
        elif which == "deleted":
            await store.delete(ROOM, message_id)
        else:
            room = OTHER
        before = await store.heads([ROOM, OTHER])
        for attempt in (
            store.get(room, message_id),
            store.edit(room, message_id, "x", NOW),
            store.delete(room, message_id),
            store.react(room, message_id, BOB.id, THUMB, True),
            store.react(room, message_id, BOB.id, THUMB, False),
        ):
            with pytest.raises(NotFound):
                await attempt
        assert await store.heads([ROOM, OTHER]) == before

    async def test_of_two_deletes_at_once_one_is_not_found(self, store: MessageStore) -> None:
        [message] = await post(store, ANN, "hello")
        attempts = (store.delete(ROOM, message.id) for _ in range(2))
        results = await asyncio.gather(*attempts, return_exceptions=True)
        assert sum(isinstance(result, NotFound) for result in results) == 1
        assert (await store.heads([ROOM]))[ROOM].seq == 2

    # --- react -----------------------------------------------------------------------------------------

    async def test_reactions_are_counted_and_name_people_in_the_order_they_came(
        self, store: MessageStore
    ) -> None:
        [message] = await post(store, ANN, "hello")
        for person, emoji in ((BOB, THUMB), (ANN, HEART), (CAROL, THUMB)):
            change = await store.react(ROOM, message.id, person.id, emoji, True)
        assert change is not None
        assert change.event == ReactionEvent(ROOM, 4, message.id, THUMB, "carol", True, 2)
        assert (await store.get(ROOM, message.id)).reactions == (
            Reaction(THUMB, 2, ("bob", "carol")),
            Reaction(HEART, 1, ("ann",)),
        )
        change = await store.react(ROOM, message.id, BOB.id, THUMB, False)
        assert change is not None
        assert change.event == ReactionEvent(ROOM, 5, message.id, THUMB, "bob", False, 1)
        await store.react(ROOM, message.id, CAROL.id, THUMB, False)
        assert (await store.get(ROOM, message.id)).reactions == (Reaction(HEART, 1, ("ann",)),)

    @pytest.mark.parametrize("on", [True, False])
    async def test_a_reaction_that_is_so_already_is_none(self, store: MessageStore, on: bool) -> None:
        [message] = await post(store, ANN, "hello")
        if on:
            await store.react(ROOM, message.id, BOB.id, THUMB, True)
        before = (await store.heads([ROOM]))[ROOM]
        assert await store.react(ROOM, message.id, BOB.id, THUMB, on) is None
        assert (await store.heads([ROOM]))[ROOM] == before

    async def test_the_same_reaction_at_once_counts_once(self, store: MessageStore) -> None:
        [message] = await post(store, ANN, "hello")
        attempts = (store.react(ROOM, message.id, BOB.id, THUMB, True) for _ in range(20))
        changes = await asyncio.gather(*attempts)
        assert sum(change is not None for change in changes) == 1
        assert (await store.get(ROOM, message.id)).reactions == (Reaction(THUMB, 1, ("bob",)),)

    async def test_a_message_takes_only_so_many_kinds_of_reaction(self, make_store: MakeStore) -> None:
        store = make_store(Limits(reaction_kinds=2))
        [message] = await post(store, ANN, "hello")
        await store.react(ROOM, message.id, BOB.id, THUMB, True)
        await store.react(ROOM, message.id, BOB.id, HEART, True)
        with pytest.raises(TooLong):
            await store.react(ROOM, message.id, BOB.id, "🔧", True)
        assert (await store.heads([ROOM]))[ROOM].seq == 3
        await store.react(ROOM, message.id, CAROL.id, HEART, True)  # a kind that is there is no new one
        await store.react(ROOM, message.id, BOB.id, THUMB, False)
        await store.react(ROOM, message.id, BOB.id, "🔧", True)  # and one that went makes room
        assert [one.emoji for one in (await store.get(ROOM, message.id)).reactions] == [HEART, "🔧"]

    async def test_a_reaction_takes_only_so_many_people(self, make_store: MakeStore) -> None:
        store = make_store(Limits(reaction_people=60))
        [message] = await post(store, ANN, "hello")
        for i in range(60):
            await store.react(ROOM, message.id, f"p{i}", THUMB, True)
        with pytest.raises(TooLong):
            await store.react(ROOM, message.id, "one more", THUMB, True)
        [reaction] = (await store.get(ROOM, message.id)).reactions
        assert reaction == Reaction(THUMB, 60, tuple(f"p{i}" for i in range(50)))
        await store.react(ROOM, message.id, "p0", THUMB, False)
        assert await store.react(ROOM, message.id, "one more", THUMB, True) is not None

    # --- latest and before -----------------------------------------------------------------------------

    async def test_the_latest_are_the_newest_and_the_head_of_the_same_moment(
        self, store: MessageStore
    ) -> None:
        await post_many(store, 7)
        head, page = await store.latest(ROOM, 3)
        assert bodies(page.messages) == ["5", "6", "7"]
        assert page.more
        assert (head.seq, head.n) == (7, 7)
        assert (await store.latest(ROOM, 7)).page.more is False

    async def test_a_room_that_nobody_has_written_to_is_empty(self, store: MessageStore) -> None:
        head, page = await store.latest(ROOM, 100)
        assert page == Page((), False)
        assert (head.seq, head.n) == (0, 0)
        assert await store.before(ROOM, 5, 100) == Page((), False)

    async def test_a_snapshot_goes_on_with_the_events_after_its_head(self, store: MessageStore) -> None:
        async def publish() -> None:
            for i in range(60):
                [message] = await post(store, ANN, str(i))
                await store.edit(ROOM, message.id, f"{i}!", NOW)
                await asyncio.sleep(0)

        publishing = asyncio.ensure_future(publish())
        while not publishing.done():
            head, page = await store.latest(ROOM, 100)
            found = await store.read_after(ROOM, head.epoch, head.seq)
            assert found is not None
            assert [event.seq for event in found.events] == list(range(head.seq + 1, found.head.seq + 1))
            assert [message.n for message in page.messages] == list(range(1, head.n + 1))
            await asyncio.sleep(0)
        await publishing

    async def test_before_pages_backwards_by_position(self, store: MessageStore) -> None:
        await post_many(store, 10)
        assert bodies((await store.before(ROOM, 11, 3)).messages) == ["8", "9", "10"]
        page = await store.before(ROOM, 8, 3)
        assert (bodies(page.messages), page.more) == (["5", "6", "7"], True)
        page = await store.before(ROOM, 5, 100)
        assert (bodies(page.messages), page.more) == (["1", "2", "3", "4"], False)
        assert await store.before(ROOM, 1, 100) == Page((), False)
        assert await store.before(ROOM, 0, 100) == Page((), False)
        assert bodies((await store.before(ROOM, 2**53 - 1, 2)).messages) == ["9", "10"]

    async def test_pages_do_not_shift_when_messages_arrive(self, store: MessageStore) -> None:
        await post_many(store, 30)
        read: list[str] = []
        page = (await store.latest(ROOM, 7)).page
        while True:
            read[:0] = bodies(page.messages)
            if not page.more:
                break
            await post(store, BOB, "new", "newer")
            page = await store.before(ROOM, page.messages[0].n, 7)
        assert read == [str(number) for number in range(1, 31)]

    async def test_deleted_messages_keep_their_places_on_a_page(self, store: MessageStore) -> None:
        messages = await post_many(store, 5)
        await store.delete(ROOM, messages[2].id)
        page = await store.before(ROOM, 5, 3)
        assert [(message.n, bool(message.deleted)) for message in page.messages] == [
            (2, False),
            (3, True),
            (4, False),
        ]

    # --- read_after ------------------------------------------------------------------------------------

    async def test_a_replay_has_every_event_after_the_position(self, store: MessageStore) -> None:
        messages = await post_many(store, 4)
        await store.react(ROOM, messages[0].id, BOB.id, THUMB, True)
        found = await replay(store, 2)
        assert found is not None
        assert found.head == (await store.heads([ROOM]))[ROOM]
        assert found.events == (
            MessageEvent(ROOM, 3, messages[2]),
            MessageEvent(ROOM, 4, messages[3]),
            ReactionEvent(ROOM, 5, messages[0].id, THUMB, "bob", True, 1),
        )

    async def test_who_is_level_misses_nothing(self, store: MessageStore) -> None:
        assert await events_after(store, 0) == ()
        await post_many(store, 4)
        assert await events_after(store, 4) == ()

    async def test_a_replay_shows_the_present_state_of_what_was_edited(self, store: MessageStore) -> None:
        [message] = await post(store, ANN, "one")
        await store.edit(ROOM, message.id, "two", NOW + 1)
        await store.edit(ROOM, message.id, "three", NOW + 2)
        present = await store.get(ROOM, message.id)
        assert await events_after(store, 0) == (
            MessageEvent(ROOM, 1, present),
            EditEvent(ROOM, 2, message.id, "three", NOW + 2),
            EditEvent(ROOM, 3, message.id, "three", NOW + 2),
        )

    async def test_a_replay_never_has_the_text_of_a_deleted_message(self, store: MessageStore) -> None:
        sent = draft(ANN, "secret one", reply_to=Quote("m0", BOB, "secret quote"))
        message = (await store.append(ROOM, sent)).message
        await store.edit(ROOM, message.id, "secret two", NOW)
        await store.react(ROOM, message.id, BOB.id, THUMB, True)
        await store.delete(ROOM, message.id)
        for seq in range(4):
            events = await events_after(store, seq)
            assert [event.seq for event in events] == list(range(seq + 1, 5))
            assert "secret" not in repr(events)
            assert events[-1] == DeleteEvent(ROOM, 4, message.id)
        first = (await events_after(store, 0))[0]
        assert isinstance(first, MessageEvent)
        assert first.message.deleted is True
        assert (await events_after(store, 2))[0] == ReactionEvent(ROOM, 3, message.id, THUMB, "bob", True, 0)

    @pytest.mark.parametrize("start", [1, 2, 3, 4, 5])
    async def test_reactions_replayed_twice_end_in_the_present_state(
        self, store: MessageStore, start: int
    ) -> None:
        [message] = await post(store, ANN, "hello")
        for person, emoji, on in (
            ("bob", THUMB, True),
            ("ann", THUMB, True),
            ("bob", THUMB, False),
            ("ann", HEART, True),
            ("bob", THUMB, True),
        ):
            await store.react(ROOM, message.id, person, emoji, on)
        events = await events_after(store, start)
        counts: dict[str, int] = {}
        for event in (*events, *events):
            assert isinstance(event, ReactionEvent)
            counts[event.emoji] = event.count
        present = (await store.get(ROOM, message.id)).reactions
        assert counts.items() <= {one.emoji: one.count for one in present}.items()

    async def test_the_log_cannot_tell_of_another_life(self, store: MessageStore) -> None:
        await post_many(store, 3)
        for epoch in ("another", "", "x" * 64):
            assert await store.read_after(ROOM, epoch, 1) is None

    @pytest.mark.parametrize("seq", [-1, -(2**63), 4, *FUTURE])
    async def test_the_log_cannot_tell_of_what_has_not_been(self, store: MessageStore, seq: int) -> None:
        await post_many(store, 3)
        assert await replay(store, seq) is None

    async def test_the_log_cannot_tell_of_a_room_without_events_in_the_future(
        self, store: MessageStore
    ) -> None:
        assert await replay(store, 1) is None

    async def test_the_log_begins_after_what_it_keeps(self, make_store: MakeStore) -> None:
        store = make_store(Limits(events_kept=10))
        [message] = await post(store, ANN, "0")
        for i in range(1, 15):
            await store.edit(ROOM, message.id, str(i), NOW)
        assert await replay(store, 4) is None
        assert [event.seq for event in await events_after(store, 5)] == list(range(6, 16))

    # --- heads and activity ------------------------------------------------------------------------------

    async def test_heads_are_of_all_the_rooms_that_were_asked_for(self, store: MessageStore) -> None:
        await post_many(store, 2)
        heads = await store.heads([ROOM, OTHER])
        assert set(heads) == {ROOM, OTHER}
        assert (heads[ROOM].seq, heads[ROOM].n) == (2, 2)
        assert (heads[OTHER].seq, heads[OTHER].n) == (0, 0)
        assert await store.heads([]) == {}

    async def test_the_head_of_an_untouched_room_stays_and_becomes_its_first_life(
        self, store: MessageStore
    ) -> None:
        first = await store.heads([ROOM])
        await store.latest(ROOM, 10)
        await store.unread([ROOM], ANN.id, 0)
        await store.mark_read(ROOM, ANN.id, first[ROOM].epoch, 5, 0)
        with pytest.raises(NotFound):
            await store.get(ROOM, "nothing")
        assert await store.heads([ROOM]) == first
        assert (await store.append(ROOM, draft())).epoch == first[ROOM].epoch

    async def test_rooms_are_active_when_they_last_had_a_message_or_an_edit(
        self, store: MessageStore
    ) -> None:
        assert await store.active_at([ROOM, OTHER]) == {}
        message = (await store.append(ROOM, draft(ts=NOW))).message
        assert await store.active_at([ROOM, OTHER]) == {ROOM: NOW}
        await store.edit(ROOM, message.id, "later", NOW + 5)
        assert await store.active_at([ROOM]) == {ROOM: NOW + 5}
        await store.append(ROOM, draft(ts=NOW + 9))
        assert await store.active_at([ROOM]) == {ROOM: NOW + 9}
        assert await store.active_at([]) == {}

    # --- markers -----------------------------------------------------------------------------------------

    async def test_unread_are_the_messages_of_others_after_the_marker(self, store: MessageStore) -> None:
        epoch = (await store.append(ROOM, draft(ANN))).epoch
        await post(store, BOB, "1", "2")
        await post(store, CAROL, "3")
        assert await store.mark_read(ROOM, ANN.id, epoch, 2, 0) == Unread(2, 2)
        assert await self.seen_by(store, ANN) == Unread(2, 2)
        assert await self.seen_by(store, BOB) == Unread(3, 1)
        assert await self.seen_by(store, CAROL) == Unread(4, 0)

    async def test_ones_own_messages_are_not_unread(self, store: MessageStore) -> None:
        epoch = (await store.append(ROOM, draft(BOB))).epoch
        await store.mark_read(ROOM, ANN.id, epoch, 1, 0)
        await post(store, BOB, "1")
        await post(store, ANN, "mine")
        await post(store, BOB, "2")
        assert await self.seen_by(store, ANN) == Unread(3, 1)

    async def test_deleted_messages_are_not_unread(self, store: MessageStore) -> None:
        messages = await post(store, BOB, "1", "2", "3")
        assert (await self.seen_by(store, ANN)).unread == 3
        await store.delete(ROOM, messages[1].id)
        assert (await self.seen_by(store, ANN)).unread == 2

    async def test_edits_and_reactions_are_no_news(self, store: MessageStore) -> None:
        [message] = await post(store, BOB, "1")
        epoch = (await store.heads([ROOM]))[ROOM].epoch
        await store.mark_read(ROOM, ANN.id, epoch, 1, 0)
        await store.edit(ROOM, message.id, "2", NOW)
        await store.react(ROOM, message.id, BOB.id, THUMB, True)
        assert await self.seen_by(store, ANN) == Unread(1, 0)

    async def test_posting_moves_ones_own_marker(self, store: MessageStore) -> None:
        await post(store, BOB, "1", "2")
        await post(store, ANN, "3")
        assert await self.seen_by(store, ANN) == Unread(3, 0)
        assert await self.seen_by(store, BOB) == Unread(2, 1)

    async def test_a_marker_only_moves_forward(self, store: MessageStore) -> None:
        epoch = (await store.append(ROOM, draft(BOB))).epoch
        await post(store, BOB, "2", "3", "4")
        assert await store.mark_read(ROOM, ANN.id, epoch, 3, 0) == Unread(3, 1)
        for lower in (2, 0, -1, -(2**63)):
            assert await store.mark_read(ROOM, ANN.id, epoch, lower, 0) == Unread(3, 1)
        assert await store.mark_read(ROOM, ANN.id, epoch, 4, 0) == Unread(4, 0)

    @pytest.mark.parametrize("n", [3, *FUTURE])
    async def test_a_marker_moves_at_most_to_the_last_message(self, store: MessageStore, n: int) -> None:
        epoch = (await store.append(ROOM, draft(BOB))).epoch
        await post(store, BOB, "2")
        assert await store.mark_read(ROOM, ANN.id, epoch, n, 0) == Unread(2, 0)
        await post(store, BOB, "3")
        assert await self.seen_by(store, ANN) == Unread(2, 1)

    async def test_marks_at_once_end_at_the_highest(self, store: MessageStore) -> None:
        epoch = (await store.append(ROOM, draft(BOB))).epoch
        await post(store, BOB, *map(str, range(19)))
        marks = (store.mark_read(ROOM, ANN.id, epoch, n, 0) for n in (3, 18, 1, 12, 17))
        await asyncio.gather(*marks)
        assert await self.seen_by(store, ANN) == Unread(18, 2)

    async def test_a_number_of_another_life_moves_nothing_and_still_answers(
        self, store: MessageStore
    ) -> None:
        epoch = (await store.append(ROOM, draft(BOB))).epoch
        await post(store, BOB, "2", "3")
        await store.mark_read(ROOM, ANN.id, epoch, 1, 0)
        assert await store.mark_read(ROOM, ANN.id, "another", 3, 0) == Unread(1, 2)
        assert await self.seen_by(store, ANN) == Unread(1, 2)

    async def test_markers_are_each_persons_and_each_rooms_own(self, store: MessageStore) -> None:
        epoch = (await store.append(ROOM, draft(CAROL))).epoch
        await post(store, CAROL, "there", room=OTHER)
        await store.mark_read(ROOM, ANN.id, epoch, 1, 0)
        assert (await self.seen_by(store, BOB)).unread == 1
        seen = await store.unread([ROOM, OTHER], ANN.id, 0)
        assert {room: state.unread for room, state in seen.items()} == {ROOM: 0, OTHER: 1}
        assert await store.unread([], ANN.id, 0) == {}

    async def test_who_comes_new_starts_with_what_came_since(self, store: MessageStore) -> None:
        for minute in range(5):
            await store.append(ROOM, draft(BOB, ts=NOW + minute * 60_000))
        state = await self.seen_by(store, ANN, since=NOW + 150_000)
        assert state == Unread(3, 2)
        epoch = (await store.heads([ROOM]))[ROOM].epoch
        # A marker before that is older than the start: it moves nothing.
        assert await store.mark_read(ROOM, ANN.id, epoch, 1, NOW + 150_000) == Unread(3, 2)
        assert await store.mark_read(ROOM, ANN.id, epoch, 4, NOW + 150_000) == Unread(4, 1)

    async def test_nothing_is_unread_where_nothing_came_since(self, store: MessageStore) -> None:
        await post(store, BOB, "old")
        assert await self.seen_by(store, ANN, since=NOW + 1) == Unread(1, 0)
        assert (await store.unread([OTHER], ANN.id, 0))[OTHER] == Unread(0, 0)

    # --- clear and close -----------------------------------------------------------------------------------

    async def test_a_cleared_room_begins_a_new_life(self, store: MessageStore) -> None:
        first = await store.append(ROOM, draft(ANN, cid="C"))
        await post(store, BOB, "1", "2")
        await post(store, BOB, "stays", room=OTHER)
        head = await store.clear(ROOM)
        assert head.epoch != first.epoch
        assert (head.seq, head.n) == (0, 0)
        assert (await store.heads([ROOM]))[ROOM] == head
        assert (await store.latest(ROOM, 100)).page == Page((), False)
        assert await self.seen_by(store, ANN) == Unread(0, 0)
        assert await store.read_after(ROOM, first.epoch, 1) is None
        with pytest.raises(NotFound):
            await store.get(ROOM, first.message.id)
        assert bodies((await store.latest(OTHER, 10)).page.messages) == ["stays"]
        again = await store.append(ROOM, draft(ANN, cid="C"))
        assert not again.duplicate
        assert (again.epoch, again.message.seq, again.message.n) == (head.epoch, 1, 1)
        assert again.message.id != first.message.id

    async def test_each_clearing_is_another_life(self, store: MessageStore) -> None:
        epochs = {(await store.clear(ROOM)).epoch for _ in range(5)}
        assert len(epochs) == 5

    # --- to another store --------------------------------------------------------------------------

    async def lived_in(self, store: MessageStore) -> list[Message]:
        """Five messages of two people, of which one was changed, one has reactions and one is gone."""
        file = Attachment("f1", "lap times.pdf", "application/pdf", 1_234, "/files/f1/lap%20times.pdf")
        quote = Quote("m0", BOB, "what was asked")
        await store.append(ROOM, draft(ANN, "one", cid="C", attachments=(file,), reply_to=quote))
        await post(store, BOB, "zwo", "three", "Grüße\n👋🏽\r")
        await post(store, ANN, "five")
        held = (await store.latest(ROOM, 10)).page.messages
        await store.edit(ROOM, held[1].id, "two", NOW + 1)
        await store.delete(ROOM, held[2].id)
        for emoji, person in ((HEART, BOB), (THUMB, BOB), (THUMB, CAROL), (HEART, ANN)):
            await store.react(ROOM, held[0].id, person.id, emoji, True)
        await store.mark_read(ROOM, CAROL.id, (await store.heads([ROOM]))[ROOM].epoch, 3, 0)
        return list((await store.latest(ROOM, 10)).page.messages)

    async def test_a_log_that_is_out_is_read_and_not_changed_until_it_is_put_back(
        self, store: MessageStore
    ) -> None:
        before = await self.lived_in(store)
        [first, *_] = before
        head = (await store.heads([ROOM]))[ROOM]
        await store.take_out(ROOM)
        changes: list[Callable[[], Any]] = [
            lambda: store.append(ROOM, draft()),
            lambda: store.edit(ROOM, first.id, "another", NOW),
            lambda: store.delete(ROOM, first.id),
            lambda: store.react(ROOM, first.id, ANN.id, THUMB, True),
            lambda: store.mark_read(ROOM, CAROL.id, head.epoch, 5, 0),
            lambda: store.clear(ROOM),
            lambda: store.take_out(ROOM),
        ]
        for change in changes:
            with pytest.raises(self.is_out):
                await change()
        assert list((await store.latest(ROOM, 10)).page.messages) == before
        assert await self.seen_by(store, CAROL) == Unread(3, 2)
        await post(store, ANN, "elsewhere", room=OTHER)
        await store.put_back(ROOM)
        assert (await store.append(ROOM, draft())).epoch == head.epoch
        assert (await store.heads([ROOM]))[ROOM] == Head(head.epoch, head.seq + 1, 6)

    async def test_a_log_that_was_given_up_is_empty_and_stays_closed_until_it_comes_back(
        self, store: MessageStore
    ) -> None:
        before = await self.lived_in(store)
        log = await store.take_out(ROOM)
        await store.give_up(ROOM)
        assert (await store.latest(ROOM, 10)).page.messages == ()
        assert await store.active_at([ROOM]) == {}
        with pytest.raises(self.is_out):
            await store.append(ROOM, draft())
        await store.take_in(ROOM, log)
        assert list((await store.latest(ROOM, 10)).page.messages) == before
        await store.append(ROOM, draft())

    async def test_a_log_that_was_taken_in_goes_on_where_it_was_with_another_epoch(
        self, store: MessageStore
    ) -> None:
        before = await self.lived_in(store)
        former = (await store.heads([ROOM]))[ROOM]
        active = await store.active_at([ROOM])
        log = await store.take_out(ROOM)
        await post(store, ANN, "what is here is replaced", room=OTHER)
        there = await store.take_in(OTHER, copied(log, OTHER))
        assert (there.seq, there.n) == (former.seq, former.n)
        assert there.epoch not in (former.epoch, (await store.heads([ROOM]))[ROOM].epoch)
        await store.give_up(ROOM)
        head = await store.take_in(ROOM, log)
        assert head == (await store.heads([ROOM]))[ROOM] == Head(head.epoch, former.seq, former.n)
        assert head.epoch not in (former.epoch, there.epoch)
        assert list((await store.latest(ROOM, 10)).page.messages) == before
        assert await store.active_at([ROOM]) == active
        assert await store.read_after(ROOM, former.epoch, 2) is None
        assert await store.read_after(ROOM, head.epoch, former.seq) == Replay(head, ())
        [message] = await post(store, BOB, "next")
        assert (message.seq, message.n) == (former.seq + 1, former.n + 1)

    async def test_unread_counts_sends_and_reactions_move_along(self, store: MessageStore) -> None:
        first = (await self.lived_in(store))[0]
        counts = [await self.seen_by(store, one) for one in (ANN, BOB, CAROL)]
        log = await store.take_out(ROOM)
        await store.give_up(ROOM)
        head = await store.take_in(ROOM, log)
        assert [await self.seen_by(store, one) for one in (ANN, BOB, CAROL)] == counts
        assert await self.seen_by(store, Author("new", "New"), since=NOW) == Unread(5, 0)
        again = await store.append(ROOM, draft(ANN, "one", cid="C"))
        assert (again.duplicate, again.message.id, again.message.n) == (True, first.id, 1)
        assert await store.react(ROOM, first.id, BOB.id, THUMB, True) is None
        await store.react(ROOM, first.id, ANN.id, THUMB, True)
        await store.react(ROOM, first.id, BOB.id, HEART, False)
        assert (await store.get(ROOM, first.id)).reactions == (
            Reaction(HEART, 1, (ANN.id,)),
            Reaction(THUMB, 3, (BOB.id, CAROL.id, ANN.id)),
        )
        assert (await store.mark_read(ROOM, CAROL.id, head.epoch, 4, 0)) == Unread(4, 1)

    async def test_numbers_need_not_begin_with_one(self, store: MessageStore) -> None:
        """The oldest of a log that forgets are gone: nobody counts them, and no page goes back to them."""
        await post_many(store, 9, BOB)
        log = await store.take_out(ROOM)
        await store.give_up(ROOM)
        markers = {ANN.id: 2, CAROL.id: 8, BOB.id: 9}
        await store.take_in(ROOM, log._replace(messages=log.messages[5:], markers=markers))
        page = (await store.latest(ROOM, 10)).page
        assert ([one.n for one in page.messages], page.more) == ([6, 7, 8, 9], False)
        page = await store.before(ROOM, 8, 2)
        assert ([one.n for one in page.messages], page.more) == ([6, 7], False)
        assert (await store.before(ROOM, 6, 2)) == Page((), more=False)
        assert (await self.seen_by(store, ANN)).unread == 4
        assert (await self.seen_by(store, Author("new", "New"))).unread == 4
        assert await self.seen_by(store, CAROL) == Unread(8, 1)
        assert (await post(store, ANN, "ten"))[0].n == 10
        assert await self.seen_by(store, CAROL) == Unread(8, 2)
        assert await self.seen_by(store, BOB) == Unread(9, 1)

    async def test_a_room_that_nobody_has_written_to_moves_too(self, store: MessageStore) -> None:
        log = await store.take_out(ROOM)
        assert (log.seq, log.n, log.active_at, log.messages) == (0, 0, 0, ())
        await store.give_up(ROOM)
        assert (await store.take_in(ROOM, log)).n == 0
        assert (await post(store, ANN, "one"))[0].n == 1

    async def test_closing_twice_is_harmless(self, store: MessageStore) -> None:
        await post_many(store, 3)
        await store.close()
        await store.close()


class CappedContract(StoreContract):
    """Stores that keep the newest ``kept`` messages of a room."""

    async def test_exactly_100_are_kept_and_the_101st_drops_the_first(self, store: MessageStore) -> None:
        messages = await post_many(store, 99)
        assert (await store.append(ROOM, draft(body="100"))).released == ()
        page = (await store.latest(ROOM, 1_000)).page
        assert (len(page.messages), page.more) == (100, False)
        stored = await store.append(ROOM, draft(body="101"))
        assert [released.id for released in stored.released] == [messages[0].id]
        page = (await store.latest(ROOM, 1_000)).page
        assert bodies(page.messages) == [str(number) for number in range(2, 102)]
        with pytest.raises(NotFound):
            await store.get(ROOM, messages[0].id)
        assert (await store.heads([ROOM]))[ROOM].n == 101

    async def test_a_released_message_still_has_its_attachments(self, make_store: MakeStore) -> None:
        store = make_store(Limits(kept=1))
        file = Attachment("f1", "a.png", "image/png", 10, "/files/f1/a.png")
        await store.append(ROOM, draft(attachments=(file,)))
        assert (await store.append(ROOM, draft())).released[0].attachments == (file,)

    async def test_a_second_send_releases_nothing(self, make_store: MakeStore) -> None:
        store = make_store(Limits(kept=2))
        await post_many(store, 1)
        await store.append(ROOM, draft(cid="C"))
        again = await store.append(ROOM, draft(cid="C"))
        assert again.duplicate
        assert again.released == ()
        assert len((await store.latest(ROOM, 10)).page.messages) == 2

    async def test_pages_end_where_the_log_begins(self, make_store: MakeStore) -> None:
        store = make_store(Limits(kept=5))
        await post_many(store, 12)
        page = await store.before(ROOM, 11, 2)
        assert (bodies(page.messages), page.more) == (["9", "10"], True)
        page = await store.before(ROOM, 10, 100)
        assert (bodies(page.messages), page.more) == (["8", "9"], False)
        assert await store.before(ROOM, 8, 100) == Page((), False)
        assert await store.before(ROOM, 3, 100) == Page((), False)

    async def test_the_log_cannot_tell_of_messages_that_the_cap_dropped(self, make_store: MakeStore) -> None:
        store = make_store(Limits(kept=5))
        await post_many(store, 12)
        assert await replay(store, 6) is None
        assert [event.seq for event in await events_after(store, 7)] == [8, 9, 10, 11, 12]

    async def test_the_log_cannot_tell_of_edits_to_messages_that_the_cap_dropped(
        self, make_store: MakeStore
    ) -> None:
        store = make_store(Limits(kept=3))
        messages = await post_many(store, 3)
        await store.edit(ROOM, messages[0].id, "edited", NOW)
        await store.react(ROOM, messages[1].id, BOB.id, THUMB, True)
        assert len(await events_after(store, 3)) == 2
        await post_many(store, 1)
        assert await replay(store, 3) is None
        assert len(await events_after(store, 4)) == 2
        await post_many(store, 1)
        assert await replay(store, 4) is None

    async def test_of_a_log_that_kept_more_the_newest_are_taken_in(self, make_store: MakeStore) -> None:
        store, more = make_store(Limits(kept=3, cids_kept=4, markers_kept=2)), MemoryStore()
        for number in range(1, 8):
            await more.append(ROOM, draft(Author(f"p{number}", "P"), f"{number}", cid=f"C{number}"))
        log = await more.take_out(ROOM)
        await store.take_in(ROOM, log)
        page = (await store.latest(ROOM, 10)).page
        assert (bodies(page.messages), page.more) == (["5", "6", "7"], False)
        for number in (5, 7):
            assert (await store.get(ROOM, log.messages[number - 1].id)).n == number
        with pytest.raises(NotFound):
            await store.get(ROOM, log.messages[3].id)
        assert await self.seen_by(store, Author("p6", "P")) == Unread(6, 1)
        assert (await self.seen_by(store, Author("p1", "P"))).unread == 3
        remembered = [await store.sent(ROOM, f"p{number}", f"C{number}") for number in range(1, 8)]
        assert [one is not None for one in remembered] == [False] * 3 + [True] * 4
        [dropped] = (await store.append(ROOM, draft())).released
        assert dropped.body == "5"

    async def test_dropped_messages_are_not_unread(self, make_store: MakeStore) -> None:
        store = make_store(Limits(kept=5))
        await post_many(store, 12, BOB)
        assert (await self.seen_by(store, ANN)).unread == 5
        epoch = (await store.heads([ROOM]))[ROOM].epoch
        assert (await store.mark_read(ROOM, ANN.id, epoch, 3, 0)).unread == 5
        assert await store.mark_read(ROOM, ANN.id, epoch, 9, 0) == Unread(9, 3)

    async def test_sends_are_remembered_beyond_the_messages_that_are_kept(self, store: MessageStore) -> None:
        first = (await store.append(ROOM, draft(cid="C"))).message
        await post_many(store, 300)
        again = await store.append(ROOM, draft(cid="C"))
        assert again.duplicate
        assert (again.message.id, again.message.seq, again.message.n) == (first.id, 1, 1)
