"""What the first look at a channel costs: all that a browser fetches before anybody touches the page."""

import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from people import GENERAL, Site

from chat.services import demo

pytestmark = pytest.mark.django_db(transaction=True)

# Bytes on the wire, compressed as the site compresses them.
BUDGET = 100 * 1024

STATIC = "/static/"
PEOPLE = ("Tomoe", "Bodil", "Oskar", "Petra")
MESSAGES = 100


@pytest.fixture
def collected(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Static files as a deployment has them: with a hash in their names, and compressed."""
    settings.STATIC_ROOT = tmp_path / "static"
    storage = {"BACKEND": "chitchat_site.static.StaticStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}
    call_command("collectstatic", interactive=False, verbosity=0)
    yield settings.STATIC_ROOT
    staticfiles_storage._wrapped = None


def conversation() -> Iterator[str]:
    """Messages as long as people write them, in the words of the demo, no two alike."""
    channels = json.loads(Path(demo.__file__).with_suffix(".json").read_text(encoding="utf-8"))["channels"]
    said = [line[2] for channel in channels for _, lines in channel["days"] for line in lines]
    words = [word for body in said for word in body.split()]
    chance = random.Random(4)
    for _ in range(MESSAGES):
        yield " ".join(chance.sample(words, len(chance.choice(said).split())))


def fetched(html: str) -> set[str]:
    """The style sheets, scripts and modules that the page names; not the ones it may ask for later."""
    at_once = re.sub(r"<template.*?</template>", "", html, flags=re.DOTALL)
    links = re.findall(r'<link rel="(?:stylesheet|modulepreload)" href="([^"]+)"', at_once)
    return {*links, *re.findall(r'<script[^>]* src="([^"]+)"', html)}


def weight(root: Path, address: str) -> int:
    """Bytes of a file on the wire: the compressed copy where there is one."""
    file = root / address.removeprefix(STATIC)
    compressed = file.with_name(f"{file.name}.gz")
    return (compressed if compressed.exists() else file).stat().st_size


async def test_the_first_page_of_a_full_channel_is_under_100_kb(
    site: Site, settings: Any, collected: Path
) -> None:
    settings.CHITCHAT = {**settings.CHITCHAT, "RATE_LIMITS": False}
    visitors = [await site.visitor(name) for name in PEOPLE]
    tabs = [await visitor.enter() for visitor in visitors]
    acks = [await tabs[at % len(tabs)].say(body) for at, body in enumerate(conversation())]
    for ack in acks[::7]:
        await tabs[0].ask("react", room=GENERAL, id=ack["id"], emoji="👍", on=True)
    for at in range(9):
        await visitors[0].make_channel(f"Workshop {at}")
    response = await visitors[0].http.get("/c/general-talk/", headers={"Accept-Encoding": "gzip"})
    html = gzip.decompress(response.content).decode()
    assert html.count('data-row="message"') == MESSAGES + 1  # with the template
    weights = {address: weight(collected, address) for address in fetched(html)}
    assert all(size for size in weights.values())
    total = len(response.content) + sum(weights.values())
    assert total <= BUDGET, f"{total} bytes, of which the page itself has {len(response.content)}: {weights}"
