"""Two people at one address, each served by another process; one of the processes dies.

Both processes are on one Redis and one PostgreSQL, which this module starts.
"""

import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect
from postgres_server import PostgresServer
from redis_server import ALWAYS, RedisServer

from .accounts import chat_names, chats, registers, writes_to
from .conftest import Arrive, MakeChannel
from .installs import PostgresInstall
from .pages import NO_CONNECTION
from .test_files import chooses, is_ready, picture
from .workers import Front, Pair, two_workers


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer())
        redis = RedisServer(tmp_path_factory.mktemp("redis"), **ALWAYS)
        redis.start()
        stack.callback(redis.end)
        database = PostgresInstall(postgres.url())
        yield stack.enter_context(two_workers(tmp_path_factory.mktemp("workers"), database, redis.url))


@pytest.fixture
def server(workers: Pair) -> Iterator[Front]:
    """What browsers take for the server. Who comes now is served by the first of the two."""
    with Front(*workers) as front:
        yield front


def test_two_people_at_two_workers_share_everything(visitor: Arrive, server: Front, workers: Pair) -> None:
    here, there = workers
    server.first = here
    ines = registers(visitor(), "Ines")
    server.first = there
    bodil = registers(visitor(), "Bodil")
    ines.sees_announced("Bodil joined")
    for person in (ines, bodil):
        expect(person.here).to_have_text("2")
        expect(person.online).to_have_text("2 online")
    ines.says("Is anybody there?")
    bodil.sees_stored("Is anybody there?")
    bodil.says("Here.", "And you?")
    ines.sees_stored("Here.", "And you?")

    chooses(ines, ("bench.png", "image/png", picture("orange")))
    is_ready(ines, 1)
    ines.composer.fill("Measured on the bench")
    ines.composer.press("Enter")
    image = bodil.message("Measured on the bench").get_by_role("listitem").get_by_role("img")
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 0

    ines.changes_name("Ines of the lamp")
    bodil.sees_announced("Ines is now Ines of the lamp")

    writes_to(ines, "Bodil")
    ines.says("Only for you")
    expect(chat_names(bodil)).to_have_text(["Ines of the lamp"])
    expect(bodil.badge("Ines of the lamp")).to_have_text("1")
    second = bodil.another_tab("/c/general-talk/")
    expect(second.badge("Ines of the lamp")).to_have_text("1")
    chats(bodil).first.click()
    bodil.sees_only("Only for you")
    expect(second.badge("Ines of the lamp")).to_be_hidden()
    bodil.says("Thank you")
    ines.sees_only("Only for you", "Thank you")


def test_whoever_was_at_a_worker_that_was_killed_goes_on_at_the_other(
    visitor: Arrive, server: Front, workers: Pair, channel: MakeChannel
) -> None:
    here, there = workers
    address = channel("Killed")
    server.first = here
    ines = visitor().opens(address).chooses_name("Ines K")
    server.first = there
    tomoe = visitor().opens(address).chooses_name("Tomoe K")
    ines.says("Before the end")
    tomoe.sees_stored("Before the end")
    ines.watch.expects(*NO_CONNECTION)
    new_of_ines, new_of_tomoe = ines.sockets(), tomoe.sockets()

    here.end(signal.SIGKILL)
    tomoe.says("What was that?")
    ines.says("Something fell over")
    said = ("Before the end", "What was that?", "Something fell over")
    for person in (ines, tomoe):
        person.sees_stored(*said)
        person.is_connected()
        expect(person.rows).to_have_count(3)
        expect(person.here).to_have_text("2")
    assert new_of_ines, "she was at the one that was killed"
    assert not new_of_tomoe, "and she was not"

    here.start()
    server.first = here
    otto = visitor().opens(address).chooses_name("Otto K")
    otto.sees_stored(*said)
    otto.says("All is well")
    for person in (ines, tomoe):
        person.sees_stored("All is well")
