"""The conversation of `bin/run --demo`."""

import asyncio
import time
from datetime import datetime
from typing import Any
from unittest import mock

import pytest
from django.utils import timezone
from people import GENERAL, Site

from chat.errors import NameTaken
from chat.models import Channel, Person, PersonNameKey
from chat.names import judge
from chat.services import demo
from chat.services.demo import Line, Room
from chat.text import clean_body, clean_line, is_emoji
from chitchat_site.demo import Demo

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 4_000


def lines(room: Room) -> list[Line]:
    return [line for _, spoken in room.days for line in spoken]


def events(room: Room) -> int:
    """How many numbers a room's conversation takes."""
    return sum(
        1
        + bool(line.extras.edit)
        + line.extras.deleted
        + sum(len(names.split()) for names in line.extras.reactions.values())
        for line in lines(room)
    )


async def room_of(room: Room) -> str:
    return f"channel:{(await Channel.objects.aget(name=room.name)).slug}"


async def test_every_room_is_filled_and_its_numbers_are_right(site: Site) -> None:
    await demo.fill(site.runtime)
    for room in demo.script().channels:
        snapshot = await site.runtime.store.latest(await room_of(room), 100)
        assert snapshot.head.n == len(lines(room))
        assert snapshot.head.seq == events(room)
        assert [one.n for one in snapshot.page.messages] == list(range(1, snapshot.head.n + 1))
        for message, line in zip(snapshot.page.messages, lines(room), strict=True):
            assert message.author.name == line.by
            assert message.body == ("" if line.extras.deleted else line.extras.edit or line.body)


async def test_whoever_comes_sees_it_and_talks_on(site: Site) -> None:
    await demo.fill(site.runtime)
    (tab,) = await site.enter("Ines")
    joined = await tab.join()
    ack = await tab.say("Hello!")
    assert (ack["seq"], ack["n"]) == (joined["seq"] + 1, joined["n"] + 1)
    assert {"Drive base", "Vision", "Competition day", "Snacks and rides", "Build log"} <= {
        room["name"] for room in tab.welcome["rooms"]
    }
    # What was said before Ines came is history, not news.
    assert all(room["unread"] == 0 for room in tab.welcome["rooms"])


@pytest.mark.parametrize("hour", [0, 5, 12, 23])
async def test_times_rise_and_lie_in_the_past_at_any_time_of_day(site: Site, hour: int) -> None:
    today = timezone.localtime().replace(hour=hour, minute=7)
    now = int(today.timestamp() * 1000)
    site.runtime.now_ms = lambda: now
    await demo.fill(site.runtime)
    for room in demo.script().channels:
        messages = (await site.runtime.store.latest(await room_of(room), 100)).page.messages
        times = [one.ts for one in messages]
        assert times == sorted(set(times))
        assert times[-1] < now
        days = {datetime.fromtimestamp(ts / 1000, tz=timezone.get_current_timezone()).date() for ts in times}
        assert len(days) >= 2


async def test_answers_lead_to_what_they_answer(site: Site) -> None:
    await demo.fill(site.runtime)
    found = 0
    for room in demo.script().channels:
        messages = (await site.runtime.store.latest(await room_of(room), 100)).page.messages
        by_id = {one.id: one for one in messages}
        for message in messages:
            if message.reply_to:
                found += 1
                assert by_id[message.reply_to.id].ts < message.ts
                assert by_id[message.reply_to.id].author == message.reply_to.author
    assert found >= 5


async def test_filling_twice_changes_nothing(site: Site) -> None:
    await demo.fill(site.runtime)
    before = await site.runtime.store.heads([GENERAL, "channel:drive-base"])
    people = [person async for person in Person.objects.order_by("id").values_list("id", "name")]
    await demo.fill(site.runtime)
    assert await site.runtime.store.heads([GENERAL, "channel:drive-base"]) == before
    assert [person async for person in Person.objects.order_by("id").values_list("id", "name")] == people


async def test_a_restart_finds_the_same_people_and_channels(site: Site) -> None:
    await demo.fill(site.runtime)
    people, channels = await Person.objects.acount(), await Channel.objects.acount()
    await site.restart()
    await demo.fill(site.runtime)
    assert (await site.runtime.store.heads([GENERAL]))[GENERAL].n
    assert (await Person.objects.acount(), await Channel.objects.acount()) == (people, channels)


async def test_a_room_in_which_somebody_has_spoken_stays_as_it_is(site: Site) -> None:
    (tab,) = await site.enter("Ines")
    await tab.say("First!")
    await demo.fill(site.runtime)
    assert (await site.runtime.store.heads([GENERAL]))[GENERAL].n == 1
    assert (await site.runtime.store.heads(["channel:vision"]))["channel:vision"].n > 1


async def test_somebody_who_has_a_name_of_the_play_keeps_it(site: Site) -> None:
    tomoe = await site.visitor("Tomoe")
    await tomoe.make_channel("Vision")
    await demo.fill(site.runtime)
    actor = await Person.objects.aget(id="demo-tomoe")
    assert actor.name != "Tomoe"
    assert await PersonNameKey.objects.filter(owner=actor).aexists()
    assert (await Person.objects.aget(id=tomoe.me["id"])).name == "Tomoe"
    assert (await Channel.objects.aget(slug="vision")).maker_id == tomoe.me["id"]


async def test_when_no_name_is_free_the_play_does_not_begin(site: Site) -> None:
    await site.visitor("Tomoe")
    with mock.patch("chat.services.people.free_names", return_value=()), pytest.raises(NameTaken):
        await demo.fill(site.runtime)


async def test_a_site_without_the_demo_says_nothing(site: Site) -> None:
    (tab,) = await site.enter("Ines")
    assert (await tab.join())["n"] == 0
    assert await Person.objects.acount() == 1


async def test_nobody_is_let_in_before_the_channels_are_filled(site: Site) -> None:
    seen = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((await site.runtime.store.heads([GENERAL]))[GENERAL].n)

    assert site.runtime
    entrance = Demo(application)
    await asyncio.gather(*(entrance({"type": "http"}, None, None) for _ in range(5)))
    room = next(one for one in demo.script().channels if not one.maker)
    assert seen == [len(lines(room))] * 5


async def test_a_play_that_fails_is_logged_and_keeps_nobody_out(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    came = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        came.append(scope)

    assert site.runtime
    with mock.patch("chat.services.demo.script", side_effect=OSError("no such file")):
        await Demo(application)({"type": "http"}, None, None)
    assert len(came) == 1
    assert "no such file" in caplog.text


def test_the_words_keep_to_the_rules_for_everybody() -> None:
    play = demo.script()
    for name in play.people:
        assert judge(name).name == name
    for room in play.channels:
        assert judge(room.name).name == room.name
        assert clean_line(room.topic, limit=200) == room.topic
        assert room.maker in ("", *play.people)
        for line in lines(room):
            assert clean_body(line.body, limit=LIMIT) == line.body
            assert line.by in play.people
            for emoji, names in line.extras.reactions.items():
                assert is_emoji(emoji), emoji
                assert set(names.split()) <= set(play.people)


def test_it_is_a_conversation_worth_looking_at() -> None:
    play = demo.script()
    assert len(play.channels) >= 5
    spoken = [line for room in play.channels for line in lines(room)]
    assert {line.by for line in spoken} == set(play.people)
    assert len(spoken) >= 100
    assert max(len(line.body) for line in spoken) > 400
    assert min(len(line.body) for line in spoken) < 5
    for what in ("edit", "answers", "deleted", "reactions"):
        assert any(getattr(line.extras, what) for line in spoken), what
    assert time.strptime(play.channels[0].days[0][1][0].at, "%H:%M")
