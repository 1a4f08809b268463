"""Who somebody is: claims on names, lapses, looks at the database."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import AsyncClient
from django.utils import timezone
from people import Site, Visitor, thread_of_a_request

from chat.errors import InvalidName, NameTaken, RateLimited
from chat.models import Person, PersonNameKey
from chat.services import identity as identities
from chat.services import people, process
from chat.views import answers

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


async def identity(visitor: Visitor) -> identities.Identity:
    session = SessionStore(visitor.http.cookies["sessionid"].value)
    who = await identities.identity_of(process.current(), session)
    assert who is not None
    return who


async def unseen_for(visitor: Visitor, days: float) -> None:
    await Person.objects.filter(id=visitor.me["id"]).aupdate(seen_at=timezone.now() - days * DAY)


async def another_browser_with_the_cookies_of(site: Site, visitor: Visitor) -> Visitor:
    other = await site.visitor()
    other.http.cookies["sessionid"] = visitor.http.cookies["sessionid"].value
    return other


async def seen_days_ago(visitor: Visitor) -> float:
    person = await Person.objects.aget(id=visitor.me["id"])
    return (timezone.now() - person.seen_at) / DAY


# --- claims ---------------------------------------------------------------------------------------


async def test_of_fifty_who_want_a_name_at_once_one_gets_it(site: Site) -> None:
    spellings = ["Oskar", "oskar", "0skar", "Ｏｓｋａｒ", "OSKAR"]
    assert site.runtime

    async def claim(number: int) -> int:
        async with thread_of_a_request():
            name = spellings[number % len(spellings)]
            return (await AsyncClient().post("/name/", {"name": name})).status_code

    statuses = Counter(await asyncio.gather(*map(claim, range(50))))
    assert statuses == {200: 1, 409: 49}
    assert await Person.objects.acount() == 1
    assert await Session.objects.acount() == 1


async def test_of_twenty_who_change_to_one_name_at_once_one_gets_it_and_the_rest_keep_theirs(
    site: Site,
) -> None:
    visitors = [await site.visitor(f"Person {number}") for number in range(20)]

    async def claim(visitor: Visitor) -> int:
        async with thread_of_a_request():
            return (await visitor.http.post("/name/", {"name": "Oskar"})).status_code

    statuses = await asyncio.gather(*map(claim, visitors))
    assert Counter(statuses) == {200: 1, 409: 19}
    winner = statuses.index(200)
    for number, visitor in enumerate(visitors):
        name = "Oskar" if number == winner else f"Person {number}"
        assert (await Person.objects.aget(id=visitor.me["id"])).name == name
        assert (await identity(visitor)).author.name == name


async def test_a_rename_frees_the_old_name_and_a_refused_one_changes_nothing(site: Site) -> None:
    ann = await site.visitor("Ann")
    await site.visitor("bob")
    before = {key.key async for key in PersonNameKey.objects.filter(owner_id=ann.me["id"])}
    assert (await ann.http.post("/name/", {"name": "Bob"})).status_code == 409
    assert {key.key async for key in PersonNameKey.objects.filter(owner_id=ann.me["id"])} == before
    await ann.choose_name("Anna")
    await site.visitor("Ann")


async def test_a_change_of_case_of_ones_own_name_is_allowed(site: Site) -> None:
    ann = await site.visitor("Ann")
    assert (await ann.choose_name("ANN"))["name"] == "ANN"
    assert (await ann.choose_name("Ann"))["id"] == ann.me["id"]


async def test_a_look_alike_of_ones_own_name_is_allowed(site: Site) -> None:
    ian = await site.visitor("Ian")
    assert (await ian.choose_name("lan"))["name"] == "lan"
    # The other reading of "Ian" is free now.
    await site.visitor("ian")


async def test_the_same_name_again_is_no_change(site: Site, limits: Callable[..., None]) -> None:
    limits(rename=(1, 600, 1))
    ann = await site.visitor("Ann")
    for _ in range(3):
        await ann.choose_name(" Ann ")
    await ann.choose_name("Anna")


# --- what the form is told ------------------------------------------------------------------------


async def test_a_check_tells_free_taken_invalid_and_ones_own_apart(site: Site) -> None:
    ann = await site.visitor("Ann")
    await site.visitor("bob")
    who, here = await identity(ann), site.runtime

    async def code(raw: str) -> str:
        return (await people.check_name(here, who, "address", raw)).code

    assert await code("carol") == ""
    assert await code("BOB") == "name_taken"
    assert await code("b\u200bob") == "invalid_name"
    assert await code(" Ann") == "name_yours"
    assert await code("ann") == ""
    assert (await people.check_name(here, who, "address", "  ca  rol ")).name == "ca rol"


async def test_suggestions_are_at_most_three_and_free(site: Site) -> None:
    for name in ("Oskar", "Oskar B", "Oskar 2"):
        await site.visitor(name)
    check = await people.check_name(site.runtime, None, "address", "oskar")
    assert len(check.suggestions) == 3
    assert not {"oskar b", "oskar 2"} & {name.lower() for name in check.suggestions}
    for name in check.suggestions:
        await site.visitor(name)


async def test_checking_claims_nothing(site: Site) -> None:
    await people.check_name(site.runtime, None, "address", "carol")
    assert await Person.objects.acount() == 0


# --- rates ----------------------------------------------------------------------------------------


async def test_a_person_changes_their_name_five_times_in_ten_minutes(site: Site) -> None:
    ann = await site.visitor("Ann")
    await site.visitor("bob")
    for number in range(5):
        await ann.choose_name(f"Ann {number}")
        # What is refused does not count.
        assert (await ann.http.post("/name/", {"name": "bob"})).status_code == (409 if number < 4 else 429)
    response = await ann.http.post("/name/", {"name": "Anna"})
    assert response.status_code == 429
    assert response.json()["error"]["retry_after"] == pytest.approx(120, abs=5)
    assert int(response.headers["Retry-After"]) == pytest.approx(120, abs=5)
    site.clock.advance(120)
    await ann.choose_name("Anna")


async def test_attempts_have_a_rate_for_each_session_and_for_each_address_without_one(
    site: Site, limits: Callable[..., None]
) -> None:
    limits(name_attempt=(1, 60, 2))
    ann = await site.visitor("Ann")
    who, here = await identity(ann), site.runtime
    for _ in range(2):
        await people.check_name(here, who, "somewhere", "x")
    with pytest.raises(RateLimited) as refused:
        await people.check_name(here, who, "elsewhere", "x")
    assert refused.value.retry_after == pytest.approx(60, abs=5)
    await people.check_name(here, None, "somewhere", "x")
    await people.check_name(here, None, "somewhere", "x")
    with pytest.raises(RateLimited):
        await people.check_name(here, None, "somewhere", "x")
    await people.check_name(here, None, "elsewhere", "x")
    site.clock.advance(60)
    await people.check_name(here, who, "somewhere", "x")


async def test_new_names_have_a_rate_for_each_address(site: Site, limits: Callable[..., None]) -> None:
    limits(name_new=(1, 60, 2))
    await site.visitor("one")
    await site.visitor("two")
    carol = await site.visitor()
    assert (await carol.http.post("/name/", {"name": "one"})).status_code == 429
    assert (await carol.http.post("/name/", {"name": "three"})).status_code == 429
    site.clock.advance(60)
    # Refused for another reason: not counted.
    assert (await carol.http.post("/name/", {"name": "one"})).status_code == 409
    await carol.choose_name("three")


async def test_an_invalid_name_costs_an_attempt_only(site: Site, limits: Callable[..., None]) -> None:
    limits(name_new=(1, 60, 1))
    carol = await site.visitor()
    with pytest.raises(InvalidName):
        await people.choose_name(site.runtime, None, "127.0.0.1", "\u200b", SessionStore())
    await carol.choose_name("carol")


# --- lapses ---------------------------------------------------------------------------------------


async def test_a_guest_unseen_for_thirty_days_loses_the_name_to_who_wants_it(site: Site) -> None:
    before = await site.visitor("Oskar")
    await unseen_for(before, 30.1)
    carol = await site.visitor()
    assert (await carol.http.get("/name/check/", {"name": "oskar"})).json()["available"] is True
    await carol.choose_name("oskar")
    assert carol.me["id"] != before.me["id"]
    # The former owner is asked for a name again.
    assert (await before.http.get("/c/general-talk/")).context["me"] is None
    gone = await Person.objects.aget(id=before.me["id"])
    assert gone.ended_at is not None
    assert gone.name == "Oskar"
    assert (await before.choose_name("Oskar Again"))["id"] != gone.id


async def test_a_guest_unseen_for_less_keeps_it(site: Site) -> None:
    before = await site.visitor("Oskar")
    await unseen_for(before, 29.9)
    carol = await site.visitor()
    assert (await carol.http.post("/name/", {"name": "Oskar"})).status_code == 409


async def test_the_time_that_a_name_is_kept_is_a_setting(site: Site, settings: object) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "TIMES": {"guest_kept": 2 * 86_400}}  # type: ignore[attr-defined]
    before = await site.visitor("Oskar")
    await unseen_for(before, 2.1)
    await site.visitor("Oskar")


async def test_an_account_keeps_its_name_for_ever(site: Site) -> None:
    before = await site.visitor("Oskar")
    user = await User.objects.acreate(username="oskar")
    await Person.objects.filter(id=before.me["id"]).aupdate(user=user)
    await unseen_for(before, 1_000)
    carol = await site.visitor()
    assert (await carol.http.post("/name/", {"name": "Oskar"})).status_code == 409


async def test_a_short_visit_counts_as_seen(site: Site) -> None:
    oskar = await site.visitor("Oskar")
    await unseen_for(oskar, 29)
    await oskar.http.get("/c/general-talk/")
    assert await seen_days_ago(oskar) < 0.1
    await unseen_for(oskar, 29)
    await (await oskar.open()).leave()
    assert await seen_days_ago(oskar) < 0.1


async def test_seeing_somebody_is_written_at_most_once_a_day(site: Site) -> None:
    oskar = await site.visitor("Oskar")
    await unseen_for(oskar, 0.9)
    await oskar.http.get("/c/general-talk/")
    assert await seen_days_ago(oskar) > 0.8


async def test_who_stays_connected_for_a_month_keeps_the_name(site: Site) -> None:
    oskar = await site.visitor("Oskar")
    tab = await oskar.enter()
    await unseen_for(oskar, 31)
    await site.pass_time(30)
    assert await seen_days_ago(oskar) < 0.1
    assert not tab.over


# --- ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["logout", "session gone", "person ended"])
@pytest.mark.parametrize("loaded", [False, True])
async def test_a_rename_does_not_undo_a_logout_in_another_tab(
    site: Site, monkeypatch: pytest.MonkeyPatch, limits: Callable[..., None], how: str, loaded: bool
) -> None:
    """The request knows who asks; then the session ends; then the name is written."""
    limits(rename=(1, 600, 1))
    ann = await site.visitor("Ann")
    other_tab = await another_browser_with_the_cookies_of(site, ann)

    async def asker(request: HttpRequest) -> identities.Identity | None:
        who = await answers.asker(request)
        if request.path == "/logout/":
            return who
        if loaded:
            await request.session.aget(identities.PERSON_KEY)
        if how == "logout":
            await other_tab.http.post("/logout/")
        elif how == "session gone":
            await Session.objects.all().adelete()
        else:
            await Person.objects.aupdate(ended_at=timezone.now())
        return who

    with monkeypatch.context() as patch:
        patch.setattr("chat.views.names.asker", asker)
        response = await ann.http.post("/name/", {"name": "Anna"})
    assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")
    assert await Session.objects.acount() == (1 if how == "person ended" else 0)
    assert (await Person.objects.aget()).name == "Ann"
    # What did not happen is not paid for.
    rate = site.runtime.settings.LIMITS.rename
    assert await site.runtime.limiter.take(("rename", ann.me["id"]), rate) == 0


async def test_between_processes_the_unique_key_decides(
    site: Site, monkeypatch: pytest.MonkeyPatch, limits: Callable[..., None]
) -> None:
    """Both have looked and found the name free; the second to write finds its key taken."""
    limits(name_new=(1, 60, 2))
    await site.visitor("Oskar")
    carol = await site.visitor()
    with monkeypatch.context() as patch:
        patch.setattr(people, "_has_lapsed", lambda _: True)
        patch.setattr(people, "release_name", lambda _: None)
        assert (await carol.http.post("/name/", {"name": "oskar"})).status_code == 409
    assert await Person.objects.acount() == 1
    await carol.choose_name("carol")


async def test_a_logout_that_another_one_overtook_is_harmless(site: Site) -> None:
    ann = await site.visitor("Ann")
    who = await identity(ann)
    for _ in range(2):
        await people.log_out(site.runtime, who, SessionStore(who.session_key))
    again = await site.visitor("Ann")
    await people.log_out(site.runtime, who, SessionStore(who.session_key))
    assert (await identity(again)).author.name == "Ann"


async def test_a_first_name_is_not_taken_when_the_session_cannot_be_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol = await site.visitor()

    def fail(*_: object, **__: object) -> None:
        raise NameTaken("stands for any failure of the session's store")

    with monkeypatch.context() as patch:
        patch.setattr(SessionStore, "save", fail)
        with pytest.raises(NameTaken):
            await people.choose_name(site.runtime, None, "address", "carol", SessionStore())
    assert await Person.objects.acount() == 0
    await carol.choose_name("carol")


async def test_a_session_has_a_name_from_which_its_key_cannot_be_had(site: Site) -> None:
    ann = await site.visitor("Ann")
    who = await identity(ann)
    assert who.session_key not in who.session
    assert len(who.session) == 24
    assert who.session == (await identity(ann)).session


async def test_somebody_without_a_saved_session_is_nobody(site: Site) -> None:
    session = SessionStore()
    session[identities.PERSON_KEY] = "x"
    assert await identities.identity_of(process.current(), session) is None


async def test_a_cookie_that_can_be_no_key_is_not_looked_for(
    site: Site, no_database: Callable[[], Any]
) -> None:
    session = SessionStore("aaaaaaaa\0")
    with no_database():
        assert await identities.identity_of(site.runtime, session) is None


async def test_everybody_who_is_connected_is_looked_up_a_hundred_a_visit(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = [Person(name=f"{number}") for number in range(250)]
    await Person.objects.abulk_create(everybody)
    store, sessions = SessionStore(), {}
    for number, person in enumerate(everybody):
        data = store.encode({identities.PERSON_KEY: person.id})
        sessions[f"key{number}"] = person
        await Session.objects.acreate(
            session_key=f"key{number}", session_data=data, expire_date=timezone.now() + DAY
        )
    visits: list[int] = []

    def identify(keys: Sequence[str]) -> list[identities.Identity | None]:
        visits.append(len(keys))
        return look(keys)

    look = identities.identify
    monkeypatch.setattr(identities, "identify", identify)
    found = await identities.identities_of(site.runtime, [*sessions, "no session"])
    assert visits == [100, 100, 51]
    assert found.pop("no session") is None
    assert {key: who.author for key, who in found.items() if who} == {
        key: person.author for key, person in sessions.items()
    }
