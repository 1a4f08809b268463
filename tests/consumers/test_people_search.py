"""``people``: accounts by the start of their name."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from people import Site

from chat.models import Person

pytestmark = pytest.mark.django_db(transaction=True)


async def make(django_user_model: Any, *names: str) -> None:
    for number, name in enumerate(names):
        user = await django_user_model.objects.acreate(username=f"user-{number}")
        await Person.objects.acreate(id=f"p{number}", name=name, user=user)


async def names(tab: Any, **fields: Any) -> list[str]:
    reply = await tab.ask("people", limit=100, **fields)
    assert reply["type"] == "ok", reply
    return [one["name"] for one in reply["people"]]


@pytest.mark.parametrize("query", ["bo", "BO", "Bo", "ｂｏ"])
async def test_people_are_found_by_the_start_of_their_name_in_any_case(
    site: Site, django_user_model: Any, query: str
) -> None:
    """A19."""
    await make(django_user_model, "Bob", "bobby", "BORIS", "Rob", "Ödön")
    [alice] = await site.accounts("alice")
    assert await names(alice, query=query) == ["Bob", "bobby", "BORIS"]


@pytest.mark.parametrize(
    ("query", "name"),
    [("straß", "Strasse"), ("STRASS", "Straße"), ("öd", "Ödön"), ("ÖD", "Ödön"), ("雑", "雑談")],
)
async def test_case_is_that_of_every_script(
    site: Site, django_user_model: Any, query: str, name: str
) -> None:
    await make(django_user_model, name)
    [alice] = await site.accounts("alice")
    assert await names(alice, query=query) == [name]


@pytest.mark.parametrize(
    "query", ["%", "_", "\\", "'; DROP TABLE chat_person; --", "*", "[a-z]", "\U0010ffff"]
)
async def test_a_query_is_text(site: Site, query: str) -> None:
    [alice] = await site.accounts("alice")
    assert await names(alice, query=query) == []


async def test_pages_follow_each_other_by_position(site: Site, django_user_model: Any) -> None:
    await make(django_user_model, *(f"Person {number:02}" for number in range(25)), "person 03")
    [alice] = await site.accounts("alice")
    found: list[str] = []
    after: dict[str, str] = {}
    for more in (True, True, False):
        reply = await alice.ask("people", query="person", limit=10, **after)
        assert reply["more"] is more
        found += [one["id"] for one in reply["people"]]
        after = {"after": found[-1]}
        # Somebody who comes before this place shifts no page.
        await make_one(django_user_model, len(found))
    assert found == [f"p{number}" for number in (0, 1, 2, 25, *range(3, 25))] or found == [
        f"p{number}" for number in (0, 1, 2, 3, 25, *range(4, 25))
    ]


async def make_one(django_user_model: Any, number: int) -> None:
    user = await django_user_model.objects.acreate(username=f"late-{number}")
    await Person.objects.acreate(name=f"Person 00 {number}", user=user)


async def test_guests_and_those_who_left_are_not_found(site: Site, django_user_model: Any) -> None:
    await make(django_user_model, "Bob", "Bobby")
    await django_user_model.objects.filter(username="user-1").aupdate(is_active=False)
    await Person.objects.acreate(name="Bo the guest")
    [alice] = await site.accounts("alice")
    assert await names(alice, query="bo") == ["Bob"]


async def test_a_guest_may_not_search(site: Site) -> None:
    [carol] = await site.enter("carol")
    assert await carol.refusal("people", query="a", limit=10) == "forbidden"


async def test_a_renamed_person_is_found_under_the_new_name(site: Site) -> None:
    visitor = await site.account("alice")
    alice = await visitor.open()
    await visitor.choose_name("Zoe")
    assert await names(alice, query="zo") == ["Zoe"]
    assert await names(alice, query="ali") == []


async def test_the_place_of_somebody_who_is_gone_is_not_found(site: Site) -> None:
    [alice] = await site.accounts("alice")
    assert await alice.refusal("people", limit=10, after="nobody") == "not_found"


@pytest.mark.parametrize(
    "fields", [{}, {"limit": 0}, {"limit": 101}, {"limit": 1, "query": "x" * 129}, {"limit": 1, "offset": 5}]
)
async def test_garbage_is_refused_as_invalid(site: Site, fields: dict[str, Any]) -> None:
    [alice] = await site.accounts("alice")
    assert await alice.refusal("people", **fields) == "invalid"


async def test_asking_too_fast_is_refused(site: Site, limits: Callable[..., None]) -> None:
    limits(command=(1, 1, 1))
    [alice] = await site.accounts("alice")
    await names(alice)
    assert await alice.refusal("people", limit=1) == "rate_limited"


@pytest.mark.django_db
def test_the_search_reads_an_index_and_not_the_table() -> None:
    found = Person.objects.filter(search_key__gte="bo", search_key__lt="bo\U0010ffff")
    if connection.vendor == "sqlite":
        assert "USING INDEX chat_person_search_key" in found.explain()
    else:
        assert any("search_key" in sql and "pattern_ops" in sql for sql in _indexes())


def _indexes() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'chat_person'")
        return [row[0] for row in cursor.fetchall()]
