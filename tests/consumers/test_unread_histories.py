"""Random histories of two people with two tabs each: every tab is told the unread counts of a model.

A few short ones with the quick tests. ``CHITCHAT_UNREAD_RUNS=1000`` makes a thousand of fifty steps each.
"""

import asyncio
import os
from typing import Any

import pytest
from channels.layers import channel_layers
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from people import Frame, Site, Tab, Visitor

pytestmark = pytest.mark.django_db(transaction=True)

RUNS = int(os.environ.get("CHITCHAT_UNREAD_RUNS", "0"))

people = st.integers(0, 1)
tabs = st.integers(0, 1)
rooms = st.integers(0, 2)
places = st.integers(0, 30)


class Said:
    """A message as the model knows it."""

    def __init__(self, message_id: str, author: int) -> None:
        self.id, self.author, self.deleted = message_id, author, False


class Log:
    """A room as the model knows it: all that was said, and how far each of the two has read."""

    def __init__(self, room: str, keeps: str) -> None:
        self.room, self.keeps = room, keeps
        self.begin()

    @property
    def lasts(self) -> bool:
        """A restart empties what is in memory; nothing is where everything is on Redis."""
        return self.keeps == "all" or bool(django_settings.CHITCHAT.get("REDIS_URL"))

    def begin(self) -> None:
        self.said: list[Said] = []
        self.read = [0, 0]

    def unread(self, person: int) -> int:
        after = self.said[self.read[person] :]
        return sum(not one.deleted and one.author != person for one in after)


class Shown:
    """What one tab knows: the last numbers it was told of a personal chat."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.unread: dict[str, int] = {}
        for state in tab.welcome["rooms"]:
            self.unread[state["room"]] = state["unread"]

    def take(self, frame: Frame) -> None:
        if frame["type"] == "channel" and "state" in frame:
            self.unread[frame["channel"]["room"]] = frame["state"]["unread"]
        elif frame["type"] == "read":
            self.unread[frame["room"]] = frame["unread"]


class UnreadMachine(RuleBasedStateMachine):
    """alice (0) and bob (1) in a personal chat, and in two channels that alice turns between the stores."""

    runs = 0

    def __init__(self) -> None:
        super().__init__()
        UnreadMachine.runs += 1
        self.overrides = override_settings(CHITCHAT={**django_settings.CHITCHAT, "RATE_LIMITS": False})
        self.overrides.enable()
        self.runner = asyncio.Runner()
        self.site = Site()
        self.runner.run(self._begin())

    async def _begin(self) -> None:
        # A history of its own in the same tables.
        names = [f"{name} {UnreadMachine.runs}" for name in ("alice", "bob")]
        self.visitors: list[Visitor] = [
            await self.site.account(name, staff=name.startswith("alice")) for name in names
        ]
        self.tabs: list[list[Shown]] = [[await self._open(one) for _ in range(2)] for one in self.visitors]
        alice, bob = self.tabs[0][0].tab, self.tabs[1][0].tab
        made = [
            await alice.ask("create", name=f"{word} {UnreadMachine.runs}", keeps=keeps, private=True)
            for word, keeps in (("Kept", "all"), ("Recent", "recent"))
        ]
        found = [await alice.direct(bob.id), *(reply["channel"]["room"] for reply in made)]
        for room in found[1:]:
            await alice.ask("invite", room=room, person=bob.id)
        self.logs = [Log(room, keeps) for room, keeps in zip(found, ("all", "all", "recent"), strict=True)]

    async def _open(self, visitor: Visitor) -> Shown:
        return Shown(await visitor.open())

    def teardown(self) -> None:
        self.runner.run(self.site.__aexit__())
        self.runner.close()
        self.overrides.disable()
        # As between two tests: the channel layer belongs to the loop that ends here.
        cache.clear()
        channel_layers.backends.clear()

    # --- what happens ------------------------------------------------------------------------------

    @rule(person=people, tab=tabs, room=rooms)
    def say(self, person: int, tab: int, room: int) -> None:
        self.runner.run(self._say(person, tab, self.logs[room]))

    async def _say(self, person: int, tab: int, log: Log) -> None:
        ack = await self.tabs[person][tab].tab.say("words", log.room)
        log.said.append(Said(ack["id"], person))
        assert ack["n"] == len(log.said)
        log.read[person] = len(log.said)

    @rule(room=rooms, place=places, tab=tabs)
    def edit(self, room: int, place: int, tab: int) -> None:
        if one := self._existing(room, place):
            self._ask(one.author, tab, "edit", room=self.logs[room].room, id=one.id, body=f"words {place}")

    @rule(room=rooms, place=places, tab=tabs)
    def delete(self, room: int, place: int, tab: int) -> None:
        if one := self._existing(room, place):
            self._ask(one.author, tab, "delete", room=self.logs[room].room, id=one.id)
            one.deleted = True

    def _existing(self, room: int, place: int) -> Said | None:
        said = [one for one in self.logs[room].said if not one.deleted]
        return said[place % len(said)] if said else None

    @rule(person=people, tab=tabs, room=rooms, n=places)
    def read(self, person: int, tab: int, room: int, n: int) -> None:
        log = self.logs[room]
        state = self._states(self.tabs[person][tab].tab).get(log.room)
        if state is None:
            return  # the chat that the other one opened, before the first message
        log.read[person] = max(log.read[person], min(n, len(log.said)))
        reply = self._ask(person, tab, "read", room=log.room, epoch=state["epoch"], n=n)
        assert reply["unread"] == log.unread(person)

    @rule(person=people, tab=tabs, room=rooms)
    def read_in_another_life_of_the_log(self, person: int, tab: int, room: int) -> None:
        log = self.logs[room]
        reply = self._ask(person, tab, "read", room=log.room, epoch="another", n=len(log.said))
        assert reply["unread"] == log.unread(person)

    @rule(person=people, tab=tabs, room=rooms)
    def join(self, person: int, tab: int, room: int) -> None:
        log = self.logs[room]
        joined = self._ask(person, tab, "join", room=log.room)
        after = [
            number
            for number, one in enumerate(log.said, 1)
            if number > log.read[person] and not one.deleted and one.author != person
        ]
        assert joined.get("first_unread") == (after[0] if after else None)

    @rule(room=st.integers(1, 2), tab=tabs)
    def turn(self, room: int, tab: int) -> None:
        log = self.logs[room]
        log.keeps = "recent" if log.keeps == "all" else "all"
        self._ask(0, tab, "update", room=log.room, keeps=log.keeps)

    @rule(person=people, tab=tabs)
    def reconnect(self, person: int, tab: int) -> None:
        self.runner.run(self._reconnect(person, tab))

    async def _reconnect(self, person: int, tab: int) -> None:
        await self.tabs[person][tab].tab.leave()
        self.tabs[person][tab] = await self._open(self.visitors[person])

    @rule()
    def restart(self) -> None:
        self.runner.run(self._restart())
        for log in self.logs:
            if not log.lasts:
                log.begin()

    async def _restart(self) -> None:
        await self.site.restart()
        for person, visitor in enumerate(self.visitors):
            self.tabs[person] = [await self._open(visitor) for _ in range(2)]

    # --- what must hold ----------------------------------------------------------------------------

    @invariant()
    def the_server_counts_as_the_model_does(self) -> None:
        for person in (0, 1):
            states = self._states(self.tabs[person][0].tab)
            for log in self.logs:
                # A chat that the other one opened is there from the first message on.
                if log.said or log.room in states:
                    assert states[log.room]["unread"] == log.unread(person)
                    assert states[log.room]["n"] == len(log.said)

    @invariant()
    def every_tab_was_told_the_count_of_the_personal_chat(self) -> None:
        self.runner.run(self._told())
        log = self.logs[0]
        for person in (0, 1):
            for shown in self.tabs[person]:
                assert shown.unread.get(log.room, 0) == log.unread(person)

    async def _told(self) -> None:
        await self.site.tick(1)
        all_shown = [one for pair in self.tabs for one in pair]
        await self.site.settle(*(shown.tab for shown in all_shown))
        for shown in all_shown:
            for frame in shown.tab.unclaimed:
                shown.take(frame)
            shown.tab.unclaimed.clear()

    # --- asking ------------------------------------------------------------------------------------

    def _ask(self, person: int, tab: int, command: str, **fields: Any) -> Frame:
        shown = self.tabs[person][tab]
        reply = self.runner.run(shown.tab.ask(command, **fields))
        assert reply["type"] != "error", reply
        if command == "read":
            shown.take({**reply, "type": "read", "room": fields["room"]})
        return reply

    def _states(self, tab: Tab) -> dict[str, Frame]:
        return self.runner.run(tab.rooms())


TestUnreadHistories = UnreadMachine.TestCase
TestUnreadHistories.settings = settings(
    max_examples=RUNS or 4,
    stateful_step_count=50 if RUNS else 12,
    deadline=None,
    phases=[
        Phase.generate
    ],  # a step is a dozen visits to the server: a failure is not made smaller for hours
    suppress_health_check=list(HealthCheck),
)
