"""The store on Redis: the promise of every store, its bounds, and its share in what Redis is asked."""

import asyncio
import re
from collections import Counter
from itertools import count, cycle
from typing import Any

import pytest
from redis_server import RedisServer

from chat.conf import Limits
from chat.domain import Quote, Reaction
from chat.redis import Client
from chat.stores.base import MessageStore
from chat.stores.redis import RedisStore

from .contract import ANN, BOB, NOW, ROOM, CappedContract, MakeStore, draft, post
from .machine import LIMITS, STEPS, StoreMachine

pytestmark = pytest.mark.redis


class TestRedisStore(CappedContract):
    @pytest.fixture
    def make_store(self, redis_client: Client) -> MakeStore:
        return lambda limits: RedisStore(limits, redis_client)


_prefixes = (f"machine-{number}:" for number in count())


class RedisMachine(StoreMachine):
    """Two processes take turns."""

    url = ""

    def make_store(self) -> MessageStore:
        prefix = next(_prefixes)
        self.clients = [Client(self.url, prefix) for _ in range(2)]
        self.stores = cycle([RedisStore(LIMITS, client) for client in self.clients])
        return next(self.stores)

    def do(self, coroutine: Any) -> Any:
        result = super().do(coroutine)
        self.store = next(self.stores)
        return result

    def teardown(self) -> None:
        for client in self.clients:
            self.runner.run(client.close())
        super().teardown()


class TestRedisHistories(RedisMachine.TestCase):  # type: ignore[name-defined,misc]
    settings = STEPS

    @pytest.fixture(autouse=True)
    def _server(self, redis_for_all: RedisServer) -> None:
        RedisMachine.url = redis_for_all.url


@pytest.fixture
def store(redis_client: Client) -> RedisStore:
    return RedisStore(None, redis_client)


async def sizes(client: Client) -> dict[str, int]:
    """How many entries each key of the room has; those of reactions together."""
    counts: Counter[str] = Counter()
    count_of = {b"hash": "HLEN", b"list": "LLEN", b"zset": "ZCARD"}
    for key in await client.command("KEYS", f"{client.prefix}room:{ROOM}:*"):
        name = key.decode().removeprefix(f"{client.prefix}room:{ROOM}:").partition(":")[0]
        counts[name] += await client.command(count_of[await client.command("TYPE", key)], key)
    return dict(counts)


async def test_memory_is_bounded_whatever_is_sent(redis_client: Client) -> None:
    store = RedisStore(Limits(kept=10, events_kept=20, cids_kept=30, markers_kept=40), redis_client)
    for i in range(100):
        stored = await store.append(ROOM, draft(ANN if i % 2 else BOB))
        await store.edit(ROOM, stored.message.id, "edited", NOW)
        for person in range(3):
            await store.react(ROOM, stored.message.id, f"p{person}", "👍", True)
        await store.mark_read(ROOM, f"p{i}", stored.epoch, 1_000, 0)
    bounds = {"messages": 10, "index": 10, "events": 20, "sends": 30, "sent": 30, "markers": 40, "by": 30}
    assert await sizes(redis_client) == {**bounds, "head": 2}


async def test_a_lower_bound_is_kept_from_the_next_message_on(redis_client: Client) -> None:
    before = await post(RedisStore(Limits(kept=10), redis_client), ANN, *map(str, range(10)))
    stored = await RedisStore(Limits(kept=4), redis_client).append(ROOM, draft())
    assert [message.id for message in stored.released] == [message.id for message in before[:7]]
    assert (await sizes(redis_client))["messages"] == 4


async def test_the_last_sends_of_a_room_are_remembered_and_no_more(redis_client: Client) -> None:
    store = RedisStore(Limits(cids_kept=100), redis_client)
    first = await store.append(ROOM, draft(cid="first"))
    for _ in range(99):
        await store.append(ROOM, draft())
    assert (await store.append(ROOM, draft(cid="first"))).message.id == first.message.id
    await store.append(ROOM, draft())
    assert not (await store.append(ROOM, draft(cid="first"))).duplicate


async def test_whoever_is_furthest_behind_is_forgotten_first(redis_client: Client) -> None:
    store = RedisStore(Limits(markers_kept=2), redis_client)
    epoch = (await store.append(ROOM, draft(BOB))).epoch
    await post(store, BOB, "2", "3", "4")
    for person, n in (("first", 1), ("second", 3), ("third", 2)):
        await store.mark_read(ROOM, person, epoch, n, 0)
    read = [(await store.unread([ROOM], person, NOW))[ROOM].unread for person in ("second", "bob")]
    assert read == [1, 0]
    assert (await store.unread([ROOM], "first", 0))[ROOM].unread == 4


async def test_a_deleted_message_leaves_no_text_anywhere(store: RedisStore, redis_client: Client) -> None:
    sent = draft(ANN, "secret one", reply_to=Quote("m0", BOB, "secret quote"))
    message = (await store.append(ROOM, sent)).message
    await store.edit(ROOM, message.id, "secret two", NOW)
    assert "secret" in await everything(redis_client)
    await store.delete(ROOM, message.id)
    assert "secret" not in await everything(redis_client)


async def everything(client: Client) -> str:
    """All that is kept of the room."""
    found = []
    for key in await client.command("KEYS", f"{client.prefix}room:{ROOM}:*"):
        kind = await client.command("TYPE", key)
        read = {b"hash": ("HGETALL", key), b"list": ("LRANGE", key, 0, -1), b"zset": ("ZRANGE", key, 0, -1)}
        found.append(await client.command(*read[kind]))
    return repr(found)


async def test_a_cleared_room_leaves_only_its_new_life(store: RedisStore, redis_client: Client) -> None:
    [message] = await post(store, ANN, "hello")
    await store.react(ROOM, message.id, "p", "👍", True)
    await store.clear(ROOM)
    assert await sizes(redis_client) == {"head": 1}
    assert await store.active_at([ROOM]) == {}


async def test_the_newest_messages_are_sent_once_for_each_state_of_the_room(
    store: RedisStore, redis_client: Client
) -> None:
    [message] = await post(store, ANN, "hello")
    other = RedisStore(None, redis_client)
    first = await store.latest(ROOM, 100)
    assert await store.latest(ROOM, 100) is first
    await other.edit(ROOM, message.id, "changed", NOW)
    assert [one.body for one in (await store.latest(ROOM, 100)).page.messages] == ["changed"]
    await other.clear(ROOM)
    assert (await store.latest(ROOM, 100)).page.messages == ()


async def test_many_rooms_are_asked_for_in_pieces(store: RedisStore) -> None:
    rooms = [f"channel:c{number}" for number in range(450)]
    await store.append(rooms[449], draft())
    heads = await store.heads(rooms)
    assert list(heads) == rooms
    assert [heads[room].seq for room in rooms[-2:]] == [0, 1]
    assert len(await store.unread(rooms, BOB.id, 0)) == 450
    assert await store.active_at(rooms) == {rooms[449]: NOW}


async def test_texts_that_look_like_the_record_stay_what_they_are(store: RedisStore) -> None:
    texts = ["a\nb", "\u2028\u2029", '"\\/\x7f\x00', "]\n,[0]", "👩🏽‍🚀"]
    messages = await post(store, ANN, *texts)
    for message, text in zip(messages, texts, strict=True):
        await store.react(ROOM, message.id, 'p/"\n', "👩🏽‍🚀", True)
        assert (await store.get(ROOM, message.id)).body == text
    page = (await store.latest(ROOM, 10)).page
    assert [message.body for message in page.messages] == texts
    assert {one.reactions for one in page.messages} == {(Reaction("👩🏽‍🚀", 1, ('p/"\n',)),)}


# --- many at once ----------------------------------------------------------------------------------


def calls(server: RedisServer, name: str) -> int:
    """How often Redis was asked this."""
    found = re.search(rf"cmdstat_{name}:calls=(\d+)", server.say("INFO", "commandstats").decode())
    return int(found[1]) if found else 0


async def test_messages_that_come_together_are_one_script_and_follow_each_other(
    store: RedisStore, redis_server: RedisServer
) -> None:
    await store.append(ROOM, draft())
    before = calls(redis_server, "evalsha")
    drafts = [draft(ANN if number % 2 else BOB, f"m{number}") for number in range(20)]
    stored = await asyncio.gather(*(store.append(ROOM, one) for one in drafts))
    assert calls(redis_server, "evalsha") == before + 1
    assert [(one.message.seq, one.message.n) for one in stored] == [(n, n) for n in range(2, 22)]
    page = (await store.latest(ROOM, 20)).page
    assert list(page.messages) == [one.message for one in stored]


async def test_the_same_send_twice_at_once_is_one_message(store: RedisStore) -> None:
    await store.append(ROOM, draft(cid="before"))
    cids = ["before", "new", "new", "other", "before"]
    stored = await asyncio.gather(*(store.append(ROOM, draft(cid=cid)) for cid in cids))
    assert [one.duplicate for one in stored] == [True, False, True, False, True]
    assert [one.message.seq for one in stored] == [1, 2, 2, 3, 1]
    assert stored[1].message.id == stored[2].message.id
    assert (await store.heads([ROOM]))[ROOM].seq == 3


async def test_more_at_once_than_are_kept_release_the_oldest(redis_client: Client) -> None:
    store = RedisStore(Limits(kept=3, cids_kept=4), redis_client)
    first = await post(store, ANN, "0")
    stored = await asyncio.gather(*(store.append(ROOM, draft(body=str(n))) for n in range(1, 6)))
    released = [message.body for one in stored for message in one.released]
    assert released == ["0", "1", "2"]
    assert stored[0].released[0].id == first[0].id
    assert await sizes(redis_client) == {
        **{"messages": 3, "index": 3, "events": 6, "sends": 4, "sent": 4, "markers": 1, "head": 2}
    }
