"""What forms and scripts are answered while the database is away, wherever in the middle it went."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from accounts import OTHER_PASSWORD, PASSWORD, account, at_another_device, me
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from people import Site, Visitor

from chat.models import Person
from chat.views.form_pages import AWAY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick_passwords")]

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SCRIPT = {"Accept": "application/json"}

# More statements than any of these requests takes.
MANY = 60

Away = Callable[[int], Any]


@pytest.fixture(autouse=True)
def _unlimited(settings: Any) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}


@pytest.fixture
def away_after(monkeypatch: pytest.MonkeyPatch) -> Away:
    """``with away_after(3):`` the database answers three statements more."""
    execute = CursorWrapper.execute

    @contextmanager
    def away(statements: int) -> Iterator[None]:
        left = [statements]

        def answer(self: CursorWrapper, *arguments: Any) -> Any:
            if not left[0]:
                raise OperationalError("the server is gone")
            left[0] -= 1
            return execute(self, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(CursorWrapper, "execute", answer)
            yield

    return away


async def browser(site: Site, visitor: Visitor) -> Visitor:
    """One that shows the answer, as all do; a test's client raises what the server has logged."""
    visitor.http.raise_request_exception = False
    return visitor


async def never() -> bool:
    return False


async def until_it_works(
    away_after: Away,
    send: Callable[[], Any],
    status: int,
    is_done: Callable[[], Awaitable[bool]] = never,
) -> list[Any]:
    """Send until the database stays long enough; the answers before that.

    ``is_done``: what was asked for is committed, and the last answer came of what the session needs after it.
    """
    refusals = []
    for statements in range(MANY):
        with away_after(statements):
            response = await send()
        if response.status_code == status:
            return refusals
        assert response.status_code == 503, (statements, response.content)
        assert "json" in response.headers["Content-Type"] or response.headers["Retry-After"] == "5"
        refusals.append(response)
        if await is_done():
            return refusals
    raise AssertionError("it never worked")


async def somebody_is_there() -> bool:
    return await Person.objects.filter(ended_at=None).aexists()


def pages_in(answers: list[Any]) -> list[str]:
    return [answer.content.decode() for answer in answers]


async def test_who_registers_meanwhile_keeps_the_name_they_typed_and_tries_again(
    site: Site, away_after: Away
) -> None:
    carol = await browser(site, await site.visitor())
    form = {"name": "Carol", "password": PASSWORD, "again": PASSWORD}
    send = lambda: carol.http.post("/account/register/", form)  # noqa: E731
    answers = await until_it_works(away_after, send, 302, somebody_is_there)
    assert len(answers) > 5
    for page in pages_in(answers[:-1]):
        assert AWAY in page
        assert 'value="Carol"' in page
    assert all(PASSWORD not in page for page in pages_in(answers))
    assert (await at_another_device(site, "Carol")).me["guest"] is False


async def test_who_logs_in_meanwhile_keeps_the_name_they_typed_and_tries_again(
    site: Site, away_after: Away
) -> None:
    await account(site, "Alice")
    phone = await browser(site, await site.visitor())
    form = {"name": "alice", "password": PASSWORD, "next": "/c/general-talk/"}
    answers = await until_it_works(away_after, lambda: phone.http.post("/account/login/", form), 302)
    again = [page for page in pages_in(answers) if AWAY in page]
    assert len(again) > 5
    for page in again:
        assert 'value="alice"' in page
        assert 'name="next" value="/c/general-talk/"' in page
    assert all("ry again soon" in page and PASSWORD not in page for page in pages_in(answers))
    assert (await me(phone))["name"] == "Alice"


async def test_a_password_that_could_not_be_changed_is_the_one_that_holds(
    site: Site, away_after: Away
) -> None:
    alice = await browser(site, await account(site, "Alice"))
    form = {"present": PASSWORD, "password": OTHER_PASSWORD, "again": OTHER_PASSWORD}
    with away_after(0):
        response = await alice.http.post("/account/password/", form)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    await at_another_device(site, "Alice", PASSWORD)
    answers = await until_it_works(away_after, lambda: alice.http.post("/account/password/", form), 302)
    for page in pages_in(answers):
        assert "ry again soon" in page
        assert PASSWORD not in page
        assert OTHER_PASSWORD not in page
    await at_another_device(site, "Alice", OTHER_PASSWORD)


@pytest.mark.parametrize("path", ["/account/register/", "/account/login/", "/account/password/"])
async def test_a_page_that_cannot_be_made_is_the_site_s_own_in_words(
    site: Site, away_after: Away, path: str
) -> None:
    alice = await browser(site, await account(site, "Alice"))
    with away_after(0):
        response = await alice.http.get(path)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "The chat cannot be reached" in response.content.decode()


async def test_who_chooses_a_name_by_a_form_meanwhile_tries_again(site: Site, away_after: Away) -> None:
    carol = await browser(site, await site.visitor())
    form = {"name": "Carol", "next": "/c/general-talk/"}
    send = lambda: carol.http.post("/name/", form, headers=HTML)  # noqa: E731
    answers = await until_it_works(away_after, send, 302, somebody_is_there)
    assert len(answers) > 5
    for page in pages_in(answers[:-1]):
        assert AWAY in page
        assert 'value="Carol"' in page


async def test_a_script_is_told_in_json(site: Site, away_after: Away) -> None:
    carol = await browser(site, await site.visitor())

    async def script(path: str, fields: dict[str, str], status: int, *is_done: Any) -> list[Any]:
        send = lambda: carol.http.post(  # noqa: E731
            path, json.dumps(fields), content_type="application/json", headers=SCRIPT
        )
        return await until_it_works(away_after, send, status, *is_done)

    answers = await script("/name/", {"name": "Carol"}, 200, somebody_is_there)
    await carol.choose_name("Other")
    answers += await script("/channels/", {"name": "Boxes", "private": "1"}, 201)
    answers += await script("/logout/", {}, 200)
    assert {answer.json()["error"]["code"] for answer in answers} == {"unavailable"}


async def test_a_form_that_logs_out_meanwhile_is_answered_in_words(site: Site, away_after: Away) -> None:
    alice = await browser(site, await account(site, "Alice"))
    answers = await until_it_works(away_after, lambda: alice.http.post("/logout/", headers=HTML), 302)
    assert answers
    assert all("The chat cannot be reached" in page for page in pages_in(answers))
    assert await me(alice) is None


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("accept", [HTML, SCRIPT], ids=["person", "script"])
async def test_what_asks_the_database_beside_the_app_says_so_in_the_site_s_words(
    site: Site, away_after: Away, settings: Any, debug: bool, accept: dict[str, str]
) -> None:
    settings.DEBUG = debug
    alice = await browser(site, await site.account("Alice", staff=True))
    with away_after(0):
        response = await alice.http.get("/admin/", headers=accept)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "away for a moment. Try again soon." in response.content.decode()
