"""What happens while the database is away: everything says so, and nothing is lost that was to be told."""

import asyncio
from collections.abc import Callable
from typing import Any

import channels.db
import pytest
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone
from people import Site, Tab

from chat import database
from chat.database import Lookup, in_database
from chat.errors import Unavailable
from chat.models import Person
from chat.services import directory, identity

pytestmark = pytest.mark.django_db(transaction=True)


def away(*_: Any, **__: Any) -> Any:
    raise OperationalError("the server is gone")


async def away_store(*_: Any) -> Any:
    raise Unavailable("nobody answers")


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
async def test_a_database_that_is_away_is_unavailable(error: type[Exception]) -> None:
    def work() -> None:
        raise error("gone")

    with pytest.raises(Unavailable) as caught:
        await in_database(work)
    assert isinstance(caught.value.__cause__, error)


async def test_a_visit_brings_back_what_was_found_and_what_was_raised() -> None:
    def divide(one: int, *, by: int) -> int:
        return one // by

    assert await in_database(divide, 6, by=3) == 2
    with pytest.raises(ZeroDivisionError):
        await in_database(divide, 6, by=0)


async def test_tabs_that_wait_at_once_leave_old_connections_looked_after(site: Site) -> None:
    """Without that, nothing replaces a connection that died: in the tests that come after."""
    alice, bob = [await (await site.visitor(name)).open() for name in ("alice", "bob")]
    await site.settle(alice, bob)
    waiting = []
    for tab in (alice, bob):
        waiting.append(asyncio.create_task(tab.until("marker")))
        await asyncio.sleep(0)
    for tab, arrival in zip((alice, bob), waiting, strict=True):
        assert channels.db.close_old_connections is close_old_connections
        await site.runtime.relay.tell(tab.id, text='{"type":"marker"}')
        await arrival
    assert channels.db.close_old_connections is close_old_connections


def test_a_lookup_finds_each_row_once_with_the_values_of_its_fields(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[[int], Any]
) -> None:
    monkeypatch.setattr(database, "QUERY_CHUNK", 3)
    Person.objects.bulk_create(Person(id=f"{number}", name=f"Person {number}") for number in range(8))
    rows = Person.objects.filter(ended_at=None).values_list("id", "created_at")
    lookup = Lookup(rows, "id")
    with django_assert_num_queries(2):
        found = list(lookup(["1", "7", "nobody", "2", "1", "3"]))
    assert sorted(map(tuple, found)) == list(rows.filter(id__in=["1", "2", "3", "7"]).order_by("id"))
    Person.objects.filter(id="3").update(ended_at=timezone.now())
    assert sorted(id_ for id_, _ in lookup(["3", "4", "5"])) == ["4", "5"]


def test_a_lookup_writes_its_query_once_for_each_number_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    lookup = Lookup(Person.objects.values_list("id"), "id")
    written: list[int] = []
    write = lookup._write

    def count(alias: str, keys: list[str]) -> tuple[str, dict[int, Any]]:
        written.append(len(keys))
        return write(alias, keys)

    monkeypatch.setattr(lookup, "_write", count)
    for keys in (["a"], ["b"], ["a", "b"], ["c", "d"], []):
        assert list(lookup(keys)) == []
    assert written == [1, 2]


async def test_who_comes_meanwhile_is_told_to_come_back(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await site.visitor("alice")
    monkeypatch.setattr(identity, "identify", away)
    socket = await alice.knock()
    assert (await socket.connect(20))[0]
    tab = Tab(socket)
    assert await tab.closed() == 1012
    assert [frame["code"] for frame in tab.unclaimed] == ["unavailable"]
    for address in ("/", "/c/general-talk/", "/account/login/"):
        response = await alice.http.get(address)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    answer = await alice.http.post("/name/", {"name": "anna"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert "Traceback" not in caplog.text


async def test_a_message_that_needs_it_is_tried_again_and_not_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    [alice] = await site.enter("alice")
    reply = await alice.ask("create", name="Contracts", private=True)
    room = reply["channel"]["room"]
    site.runtime.directory.forget_members(room.partition(":")[2])
    with monkeypatch.context() as patch:
        patch.setattr(directory, "_read_members", away)
        cid = "00000000-0000-4000-8000-000000000000"
        assert await alice.refusal("send", room=room, cid=cid, body="hello") == "unavailable"
        assert await alice.refusal("join", room=room) == "unavailable"
    await alice.say("hello", room, cid=cid)


async def test_news_waits_until_it_can_be_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = await site.enter("alice", "bob")
    reply = await alice.ask("create", name="Contracts", private=True)
    room = reply["channel"]["room"]
    await alice.ask("invite", room=room, person=bob.id)
    await alice.say("hello", room)
    site.runtime.directory.forget_members(room.partition(":")[2])
    with monkeypatch.context() as patch:
        patch.setattr(directory, "_read_members", away)
        await site.tick(2)
    await site.tick(2)
    assert room in (await bob.until("heads"))["rooms"]


async def test_a_name_that_was_taken_is_taken_though_it_cannot_be_told(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await site.visitor("alice")

    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.presence, "rename", away_store)
        assert (await alice.choose_name("anna"))["name"] == "anna"
    assert site.runtime.counters["renames_untold"] == 1


async def test_an_invitation_that_is_stored_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = await site.enter("alice", "bob")
    room = (await alice.ask("create", name="Contracts", private=True))["channel"]["room"]
    with monkeypatch.context() as patch:
        patch.setattr(site.runtime.store, "unread", away_store)
        assert await alice.refusal("invite", room=room, person=bob.id) == "unavailable"
    assert (await alice.ask("invite", room=room, person=bob.id))["type"] == "ok"
    assert (await bob.until("channel"))["channel"]["room"] == room
