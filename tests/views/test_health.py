"""Is the process alive, and is everything it needs there?"""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import AsyncClient
from people import Site

pytestmark = pytest.mark.django_db(transaction=True)


async def test_alive_needs_nothing(no_database: Callable[[], Any]) -> None:
    with no_database():
        response = await AsyncClient().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"alive": True})


async def test_ready_when_all_parts_answer(site: Site) -> None:
    visitor = await site.visitor()
    for _ in range(2):
        response = await visitor.http.get("/readyz")
        assert (response.status_code, response.json()) == (
            200,
            {"database": True, "layer": True, "store": True},
        )


@pytest.mark.parametrize("part", ["database", "layer", "store"])
async def test_not_ready_names_the_part_and_says_no_more(
    site: Site,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
    no_database: Callable[[], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    visitor = await site.visitor()
    await site.enter("alice")  # since then the process knows its channels

    async def fail(*_: object) -> None:
        raise ConnectionError("secret address of a machine")

    with monkeypatch.context() as patch:
        if part == "layer":
            patch.setattr("chat.views.health._ask_layer", fail)
        elif part == "store":
            patch.setattr(site.runtime.store, "heads", fail)
        if part == "database":
            with no_database():
                response = await visitor.http.get("/readyz")
        else:
            response = await visitor.http.get("/readyz")
    assert response.status_code == 503
    assert [name for name, answers in response.json().items() if not answers] == [part]
    assert "secret" not in response.content.decode()
    assert f"the {part} does not answer" in caplog.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_only_read_and_never_cached(site: Site, path: str) -> None:
    visitor = await site.visitor()
    assert (await visitor.http.post(path)).status_code == 405
    assert "no-store" in (await visitor.http.get(path)).headers["Cache-Control"]
