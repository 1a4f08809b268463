"""What is not numbered: personal news, hints, presence, and what everybody is told."""

import json
from typing import Any

from chat.domain import Author
from chat.protocol import OnlineFrame, PresenceFrame, Renamed, TypingFrame, encode
from chat.relay import Relay

from .conftest import MakeRelay
from .fakes import ROOM, Logs, Tab, quiet, until
from .layers import WatchedLayer
from .test_relay import crowd

ANN, BOB, CAROL = Author("ann", "Ann"), Author("bob", "Bob"), Author("carol", "Carol")


async def people_in(relay: Relay, logs: Logs, *people: str) -> list[Tab]:
    return [await (await Tab(person).open(relay)).enter(relay, logs) for person in people]


async def test_personal_news_reach_all_tabs_of_a_person_in_every_process(
    make_relay: MakeRelay, layer: WatchedLayer, logs: Logs
) -> None:
    here, there = make_relay(layer), make_relay(layer)
    tabs = [await Tab("bob").open(here), await Tab("bob").open(here), await Tab("bob").open(there)]
    other = await Tab("carol").open(here)
    await there.tell("bob", text='{"type":"me"}', notice={"name": "Robert"})
    await until(lambda: all(tab.frames == [{"type": "me"}] for tab in tabs))
    assert [tab.notices for tab in tabs] == [[{"name": "Robert"}]] * 3
    assert (other.frames, other.notices) == ([], [])


async def test_news_for_a_session_reach_its_tabs_only(relay: Relay) -> None:
    laptop, phone = await Tab("bob", "laptop").open(relay), await Tab("bob", "phone").open(relay)
    await relay.tell("bob", notice={"close": 4401}, session="phone")
    await until(lambda: phone.notices == [{"close": 4401}])
    await relay.tell("bob", text='{"type":"me"}')
    await until(lambda: laptop.frames)
    assert laptop.notices == []
    assert phone.frames == laptop.frames == [{"type": "me"}]


async def test_news_do_not_reach_the_connection_that_made_them(
    make_relay: MakeRelay, layer: WatchedLayer
) -> None:
    relay = make_relay(layer)
    maker, other = await Tab("bob").open(relay), await Tab("bob").open(make_relay(layer))
    await relay.tell("bob", text='{"type":"read"}', but=maker.member.key)
    await until(lambda: other.frames)
    await quiet()
    assert maker.frames == []


async def test_people_who_share_a_group_do_not_share_news(relay: Relay) -> None:
    tabs = [await Tab(f"person {i}").open(relay) for i in range(100)]  # more people than groups
    for i in range(100):
        await relay.tell(f"person {i}", text=json.dumps({"type": "me", "i": i}))
    await until(lambda: all(tab.frames for tab in tabs))
    assert [tab.frames for tab in tabs] == [[{"type": "me", "i": i}] for i in range(100)]


async def test_everybody_is_told_wherever_they_are(
    make_relay: MakeRelay, layer: WatchedLayer, logs: Logs
) -> None:
    here, there = make_relay(layer), make_relay(layer)
    tabs = [*await people_in(here, logs, "ann"), await Tab("bob").open(there)]
    await here.tell_all(encode(OnlineFrame(2)))
    await until(lambda: all(tab.of("online") for tab in tabs))


async def test_everybody_but_those_in_a_room(relay: Relay, logs: Logs) -> None:
    [inside] = await people_in(relay, logs, "ann")
    outside = await Tab("bob").open(relay)
    await relay.tell_all('{"type":"heads"}', but_room=ROOM)
    await until(lambda: outside.of("heads"))
    assert inside.of("heads") == []


async def test_every_process_gets_a_notice_its_own_too(
    make_relay: MakeRelay, layer: WatchedLayer, notices: list[dict[str, Any]]
) -> None:
    relays = [make_relay(layer) for _ in range(3)]
    for relay in relays:
        await relay.start()
    await relays[0].tell_processes({"channel": "boxes"})
    await until(lambda: notices == [{"channel": "boxes"}] * 3)


async def test_a_hint_goes_to_the_room_but_to_no_tab_of_its_author(relay: Relay, logs: Logs) -> None:
    ann, second_tab, bob = await people_in(relay, logs, "ann", "ann", "bob")
    elsewhere = await (await Tab("carol").open(relay)).enter(relay, logs, "channel:boxes")
    await relay.hint(ROOM, encode(TypingFrame(ROOM, ANN)), but="ann")
    await until(lambda: bob.of("typing"))
    assert bob.of("typing")[0]["by"]["name"] == "Ann"
    assert not any(tab.of("typing") for tab in (ann, second_tab, elsewhere))


async def test_nobody_is_told_about_themselves(relay: Relay, logs: Logs) -> None:
    ann, bob, carol, dave = await people_in(relay, logs, "ann", "bob", "carol", "dave")
    await relay.announce(ROOM, PresenceFrame(ROOM, 4, [ANN], [BOB], [Renamed(CAROL, "Caro")]))
    tabs = (ann, bob, carol, dave)
    await until(lambda: all(tab.of("presence") for tab in tabs))

    def told(tab: Tab) -> tuple[list[str], list[str], list[str]]:
        [frame] = tab.of("presence")
        assert (frame["room"], frame["count"]) == (ROOM, 4)
        joined, left = ([one["id"] for one in frame[kind]] for kind in ("joined", "left"))
        return joined, left, [f"{one['from']} is {one['person']['name']}" for one in frame["renamed"]]

    renamed = ["Caro is Carol"]
    assert told(ann) == ([], ["bob"], renamed)
    assert told(bob) == (["ann"], [], renamed)
    assert told(carol) == (["ann"], ["bob"], [])
    assert told(dave) == (["ann"], ["bob"], renamed)


async def test_hints_take_no_number_and_move_no_position(relay: Relay, logs: Logs) -> None:
    [tab] = await crowd(relay, logs, 1)
    await relay.hint(ROOM, '{"type":"typing"}', but="")
    await until(lambda: tab.of("typing"))
    assert tab.member.seq == 0
