"""The database store on PostgreSQL, whose server may restart while ours goes on."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.db import connection

from chat.errors import Unavailable
from chat.models import Person
from chat.services.directory import Directory
from chat.stores import database
from chat.stores.database import DatabaseStore

from .contract import ANN, BOB, ROOM, THUMB, bodies, draft, post

pytestmark = pytest.mark.django_db(transaction=True)

OTHERS = (
    "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture(autouse=True)
def _connected_again(transactional_db: None) -> Iterator[None]:
    """The connection of the test itself ends with the others, and is needed to empty the tables."""
    yield
    connection.close()


def end_all_connections() -> int:
    """What everybody sees of a server that restarts. Returns how many connections there were."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(OTHERS)
            return len(cursor.fetchall())
    finally:
        connection.close()


async def test_a_restart_between_two_visits_is_noticed_by_nobody() -> None:
    store = DatabaseStore()
    [message] = await post(store, ANN, "hello")
    for act in (
        lambda: store.append(ROOM, draft()),
        lambda: store.latest(ROOM, 10),
        lambda: store.react(ROOM, message.id, BOB.id, THUMB, True),
        lambda: store.unread([ROOM], BOB.id, 0),
        lambda: store.heads([ROOM]),
    ):
        assert await asyncio.to_thread(end_all_connections) > 0
        await act()
    assert bodies((await store.latest(ROOM, 10)).page.messages) == ["hello", "hello"]


async def test_a_restart_in_the_middle_of_a_change_undoes_it_and_the_next_one_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = DatabaseStore()
    await post(store, ANN, "hello")
    mark = database._mark

    def restart_and_mark(*arguments: Any) -> None:
        connection.ensure_connection()
        ending = asyncio.run_coroutine_threadsafe(asyncio.to_thread(end_all_connections), loop)
        assert ending.result(20) > 0
        mark(*arguments)

    loop = asyncio.get_running_loop()
    with monkeypatch.context() as patch:
        patch.setattr(database, "_mark", restart_and_mark)
        with pytest.raises(Unavailable):
            await store.append(ROOM, draft(BOB, cid="C"))
    again = await store.append(ROOM, draft(BOB, cid="C"))
    assert (again.duplicate, again.message.seq, again.message.n) == (False, 2, 2)


async def test_a_server_that_cannot_be_reached_is_unavailable_until_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = DatabaseStore()
    await post(store, ANN, "hello")

    def settings() -> dict[str, Any]:
        connection.close()
        return connection.settings_dict

    of_thread = await database_sync_to_async(settings)()
    with monkeypatch.context() as patch:
        patch.setitem(of_thread, "OPTIONS", {"host": "/nowhere"})
        for _ in range(2):
            with pytest.raises(Unavailable):
                await store.append(ROOM, draft())
            with pytest.raises(Unavailable):
                await store.heads([ROOM])
    assert (await post(store, ANN, "again"))[0].seq == 2


async def test_other_visits_to_the_database_survive_a_restart_too() -> None:
    person = await Person.objects.acreate(name="Ann")
    for _ in range(2):
        assert await Directory().present_names([person.id]) == {person.id: "Ann"}
        assert await asyncio.to_thread(end_all_connections) > 0
