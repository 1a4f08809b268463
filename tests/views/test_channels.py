"""Making channels over HTTP."""

import json
from collections.abc import Callable

import pytest
from people import Site

from chat.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("kind", ["form", "json"])
async def test_a_channel_is_made_and_everybody_sees_it(site: Site, kind: str) -> None:
    """A6."""
    alice = await site.visitor("alice")
    bob = await (await site.visitor("bob")).open()
    fields = {"name": "Pit crew", "topic": "Tyres"}
    if kind == "form":
        response = await alice.http.post("/channels/", fields)
    else:
        response = await alice.http.post("/channels/", json.dumps(fields), content_type="application/json")
    assert response.status_code == 201
    channel = response.json()["channel"]
    assert (channel["slug"], channel["name"], channel["topic"]) == ("pit-crew", "Pit crew", "Tyres")
    assert (await bob.until("channel"))["channel"] == channel
    assert (await Channel.objects.aget(slug="pit-crew")).maker_id == alice.me["id"]
    assert (await alice.http.get("/c/pit-crew/")).status_code == 200


async def test_somebody_without_a_name_makes_none(site: Site) -> None:
    carol = await site.visitor()
    response = await carol.http.post("/channels/", {"name": "Pit crew"})
    assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")
    assert await Channel.objects.acount() == 1


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 400, "invalid_name"),
        ({"name": "general talk"}, 409, "name_taken"),
        ({"name": "x" * 33}, 400, "invalid_name"),
        ({"name": "x" * 70_000}, 400, "invalid"),
        ({"name": "x", "topic": "y" * 201}, 400, "too_long"),
        ({"name": "x", "topic": "a\u0000b"}, 400, "invalid"),
    ],
)
async def test_what_cannot_be_is_refused_and_makes_nothing(
    site: Site, fields: dict[str, str], status: int, code: str
) -> None:
    alice = await site.visitor("alice")
    response = await alice.http.post("/channels/", json.dumps(fields), content_type="application/json")
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert await Channel.objects.acount() == 1


async def test_a_person_and_an_address_make_a_bounded_number(site: Site, limits: Callable[..., None]) -> None:
    limits(channel_by_person=(1, 3_600, 1))
    alice = await site.visitor("alice")
    assert (await alice.http.post("/channels/", {"name": "One"})).status_code == 201
    response = await alice.http.post("/channels/", {"name": "Two"})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "3600")
    # The socket is no way around it.
    assert await (await alice.open()).refusal("create", name="Two") == "rate_limited"


async def test_a_check_says_the_address_that_it_would_get(site: Site) -> None:
    alice = await site.visitor("alice")
    await alice.make_channel("Pit crew")

    async def check(name: str) -> dict[str, object]:
        return (await alice.http.get("/channels/check/", {"name": name})).json()

    assert await check("Pit-crew") == {"available": True, "name": "Pit-crew", "slug": "pit-crew-2"}
    taken = await check("PIT CREW")
    assert (taken["available"], taken["code"]) == (False, "name_taken")
    assert (await check(" "))["code"] == "invalid_name"
    assert await Channel.objects.acount() == 2


async def test_a_visitor_without_a_name_may_check(site: Site) -> None:
    response = await (await site.visitor()).http.get("/channels/check/", {"name": "Pit crew"})
    assert response.json()["available"] is True


async def test_checks_have_a_rate(site: Site, limits: Callable[..., None]) -> None:
    alice, carol = await site.visitor("alice"), await site.visitor()
    limits(name_attempt=(1, 60, 1))
    await site.restart()
    for visitor in (alice, carol):
        statuses = [(await visitor.http.get("/channels/check/", {"name": "x"})).status_code for _ in range(2)]
        assert statuses == [200, 429]


@pytest.mark.parametrize(("path", "allowed"), [("/channels/", "POST"), ("/channels/check/", "GET, HEAD")])
async def test_other_methods_are_not_allowed(site: Site, path: str, allowed: str) -> None:
    alice = await site.visitor("alice")
    response = await (alice.http.get(path) if allowed == "POST" else alice.http.post(path))
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)
