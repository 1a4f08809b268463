"""What ``chat.presence.base`` promises, as tests, on a clock that the tests move."""

from collections.abc import Callable

import pytest
from clocks import Clock

from chat.conf import Times
from chat.domain import Author, Present
from chat.presence.base import SITE, Changes, Presence

ROOM, OTHER = "channel:pit-crew", "channel:boxes"
ANN, BOB, CAROL = Author("ann", "Ann"), Author("bob", "Bob"), Author("carol", "Carol", guest=False)
LAPTOP, PHONE = "ann's laptop", "ann's phone"
TIMES = Times()

MakePresence = Callable[[Callable[[], float], Times], Presence]


class Crowd:
    """A presence with its clock, and what was announced in one room."""

    def __init__(self, presence: Presence, clock: Clock) -> None:
        self.presence = presence
        self.clock = clock

    async def after(self, seconds: float) -> list[Changes]:
        """What is announced anywhere when this much time has passed."""
        self.clock.now += seconds
        changes = await self.presence.sweep()
        for one in changes:
            present = await self.presence.present(one.room, 10_000)
            assert one.count == present.count == len(present.people), "count and list disagree"
        return changes

    async def told(self, seconds: float = 1.0, room: str = ROOM) -> Changes | None:
        """What is announced in a room when this much time has passed."""
        found = [changes for changes in await self.after(seconds) if changes.room == room]
        assert len(found) <= 1
        return found[0] if found else None

    async def enter(self, *people: Author, room: str = ROOM) -> None:
        """People, each with a connection named as they are, and announced."""
        for person in people:
            await self.presence.enter(room, person, person.id)
        await self.after(1)

    async def names(self, room: str = ROOM) -> list[str]:
        present = await self.presence.present(room, 10_000)
        assert present.count == len(present.people)
        return [person.name for person in present.people]


class PresenceContract:
    """Every presence. Its own tests give one thing: the fixture ``make_presence``, a ``MakePresence``."""

    @pytest.fixture
    def crowd(self, make_presence: MakePresence) -> Crowd:
        clock = Clock()
        return Crowd(make_presence(clock, TIMES), clock)

    # --- coming ------------------------------------------------------------------------------------

    async def test_who_comes_is_there_and_announced_once(self, crowd: Crowd) -> None:
        await crowd.presence.enter(ROOM, ANN, LAPTOP)
        assert await crowd.names() == ["Ann"]
        assert await crowd.told() == Changes(ROOM, (ANN,), (), (), 1)
        assert await crowd.told() is None

    async def test_a_second_tab_is_silent(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.enter(ROOM, ANN, PHONE)
        await crowd.presence.enter(ROOM, ANN, PHONE)
        assert await crowd.told() is None
        assert await crowd.names() == ["Ann"]

    async def test_people_are_in_each_room_by_themselves(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.enter(OTHER, ANN, ANN.id)
        await crowd.presence.enter(SITE, ANN, ANN.id)
        changes = await crowd.after(1)
        assert {one.room for one in changes} == {OTHER, SITE}
        await crowd.presence.leave(OTHER, ANN.id, ANN.id, at_once=True)
        await crowd.after(1)
        assert await crowd.names(OTHER) == []
        assert await crowd.names(ROOM) == await crowd.names(SITE) == ["Ann"]

    async def test_a_room_that_nobody_was_in_is_empty(self, crowd: Crowd) -> None:
        assert await crowd.presence.present(ROOM, 100) == Present((), 0)
        assert await crowd.after(1) == []

    # --- going -------------------------------------------------------------------------------------

    async def test_who_leaves_is_gone_after_the_grace(self, crowd: Crowd) -> None:
        await crowd.enter(ANN, BOB)
        await crowd.presence.leave(ROOM, ANN.id, ANN.id)
        assert await crowd.told(TIMES.grace - 0.1) is None
        assert await crowd.names() == ["Ann", "Bob"]
        assert await crowd.told(0.1) == Changes(ROOM, (), (ANN,), (), 1)
        assert await crowd.names() == ["Bob"]
        assert await crowd.told() is None

    async def test_a_reload_is_silent(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.leave(ROOM, ANN.id, ANN.id)
        assert await crowd.told(TIMES.grace - 0.1) is None
        await crowd.presence.enter(ROOM, ANN, "after the reload")
        assert await crowd.told(10) is None
        assert await crowd.names() == ["Ann"]

    async def test_a_reload_in_the_other_order_is_silent(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.enter(ROOM, ANN, "after the reload")
        await crowd.presence.leave(ROOM, ANN.id, ANN.id)
        assert await crowd.told(10) is None

    async def test_a_closed_tab_is_silent_while_another_is_open(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.enter(ROOM, ANN, PHONE)
        await crowd.presence.leave(ROOM, ANN.id, ANN.id, at_once=True)
        assert await crowd.told(10) is None
        await crowd.presence.leave(ROOM, ANN.id, PHONE)
        assert await crowd.told(TIMES.grace) == Changes(ROOM, (), (ANN,), (), 0)

    async def test_who_logs_out_is_gone_at_once(self, crowd: Crowd) -> None:
        await crowd.enter(ANN, BOB)
        await crowd.presence.leave(ROOM, ANN.id, ANN.id, at_once=True)
        assert await crowd.told(1) == Changes(ROOM, (), (ANN,), (), 1)

    async def test_leaving_twice_is_harmless(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.enter(ROOM, ANN, PHONE)
        for _ in range(3):
            await crowd.presence.leave(ROOM, ANN.id, ANN.id, at_once=True)
        await crowd.presence.leave(ROOM, BOB.id, BOB.id)
        await crowd.presence.leave(OTHER, ANN.id, PHONE)
        assert await crowd.told(10) is None
        assert await crowd.names() == ["Ann"]

    async def test_leaving_again_during_the_grace_makes_it_no_longer(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.leave(ROOM, ANN.id, ANN.id)
        await crowd.after(TIMES.grace - 1)
        await crowd.presence.leave(ROOM, ANN.id, ANN.id)
        assert await crowd.told(1) == Changes(ROOM, (), (ANN,), (), 0)

    async def test_who_came_and_went_between_two_announcements_is_not_mentioned(self, crowd: Crowd) -> None:
        await crowd.enter(BOB)
        await crowd.presence.enter(ROOM, ANN, ANN.id)
        await crowd.presence.leave(ROOM, ANN.id, ANN.id, at_once=True)
        assert await crowd.told() is None
        assert await crowd.names() == ["Bob"]

    async def test_who_went_and_came_between_two_announcements_is_not_mentioned(self, crowd: Crowd) -> None:
        await crowd.enter(ANN, BOB)
        await crowd.presence.enter(ROOM, CAROL, CAROL.id)
        await crowd.told(1)  # announced just now: nothing more for a second
        await crowd.presence.leave(ROOM, ANN.id, ANN.id, at_once=True)
        assert await crowd.told(0.5) is None
        await crowd.presence.enter(ROOM, ANN, "again")
        assert await crowd.told(10) is None
        assert sorted(await crowd.names()) == ["Ann", "Bob", "Carol"]

    # --- leases ------------------------------------------------------------------------------------

    async def test_who_is_not_renewed_is_gone_after_the_lease_and_the_grace(self, crowd: Crowd) -> None:
        await crowd.presence.enter(ROOM, ANN, ANN.id)
        await crowd.presence.enter(ROOM, BOB, BOB.id)
        await crowd.told()
        for _ in range(3):
            await crowd.after(TIMES.lease / 3 - 0.5)
            await crowd.presence.renew([BOB.id])
        assert await crowd.names() == ["Ann", "Bob"]
        # The ends of leases are looked for once in a grace time.
        gone = [await crowd.told(1) for _ in range(int(2 * TIMES.grace) + 1)]
        assert [changes for changes in gone if changes] == [Changes(ROOM, (), (ANN,), (), 1)]

    async def test_who_is_renewed_stays(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.enter(OTHER, ANN, ANN.id)
        await crowd.after(1)
        for _ in range(20):
            await crowd.presence.renew([ANN.id, "nobody's"])
            assert await crowd.after(TIMES.lease_renewed) == []
        assert await crowd.names() == await crowd.names(OTHER) == ["Ann"]

    async def test_entering_again_renews_the_lease(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        for _ in range(20):
            await crowd.presence.enter(ROOM, ANN, ANN.id)
            assert await crowd.after(TIMES.lease_renewed) == []

    async def test_one_lease_of_two_keeps_a_person(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.enter(ROOM, ANN, PHONE)
        for _ in range(10):
            await crowd.presence.renew([PHONE])
            assert await crowd.after(TIMES.lease_renewed) == []
        assert await crowd.names() == ["Ann"]

    async def test_a_lease_that_ran_out_may_be_given_back_and_taken_again(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.after(TIMES.lease)
        await crowd.after(2 * TIMES.grace)
        assert await crowd.names() == []
        await crowd.presence.leave(ROOM, ANN.id, ANN.id)
        await crowd.presence.renew([ANN.id])
        assert await crowd.names() == []
        await crowd.presence.enter(ROOM, ANN, ANN.id)
        assert await crowd.told() == Changes(ROOM, (ANN,), (), (), 1)

    async def test_a_late_renewal_within_the_grace_is_silent(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.after(TIMES.lease)
        await crowd.presence.enter(ROOM, ANN, ANN.id)
        assert await crowd.told(10) is None
        assert await crowd.names() == ["Ann"]

    # --- names -------------------------------------------------------------------------------------

    async def test_a_rename_is_announced_wherever_the_person_is(self, crowd: Crowd) -> None:
        await crowd.enter(ANN, BOB)
        await crowd.enter(ANN, room=OTHER)
        await crowd.presence.rename(anna := Author("ann", "Anna"), "Ann")
        changes = await crowd.after(1)
        assert sorted(one.room for one in changes) == [OTHER, ROOM]
        assert all(one.renamed == ((anna, "Ann"),) for one in changes)
        assert all(one.joined == one.left == () for one in changes)
        assert await crowd.names() == ["Anna", "Bob"]
        assert await crowd.told() is None

    async def test_a_rename_there_and_back_is_not_mentioned(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.rename(Author("ann", "Anna"), "Ann")
        await crowd.presence.rename(ANN, "Anna")
        assert await crowd.told() is None
        assert await crowd.names() == ["Ann"]

    async def test_who_is_no_guest_any_more_is_none_in_the_list_and_nothing_is_announced(
        self, crowd: Crowd
    ) -> None:
        await crowd.enter(ANN, BOB)
        await crowd.presence.rename(account := Author("ann", "Ann", guest=False), "Ann")
        assert await crowd.told() is None
        assert account in (await crowd.presence.present(ROOM, 10)).people

    async def test_of_two_renames_the_first_name_and_the_last_are_told(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.rename(Author("ann", "Anna"), "Ann")
        await crowd.presence.rename(annie := Author("ann", "Annie"), "Anna")
        changes = await crowd.told()
        assert changes is not None
        assert changes.renamed == ((annie, "Ann"),)

    async def test_who_is_renamed_before_being_announced_joins_with_the_new_name(self, crowd: Crowd) -> None:
        await crowd.presence.enter(ROOM, ANN, LAPTOP)
        await crowd.presence.rename(anna := Author("ann", "Anna"), "Ann")
        assert await crowd.told() == Changes(ROOM, (anna,), (), (), 1)

    async def test_who_is_renamed_and_leaves_leaves_with_the_name_that_was_known(self, crowd: Crowd) -> None:
        await crowd.enter(ANN, BOB)
        await crowd.presence.rename(Author("ann", "Anna"), "Ann")
        await crowd.presence.leave(ROOM, ANN.id, ANN.id, at_once=True)
        assert await crowd.told() == Changes(ROOM, (), (ANN,), (), 1)

    async def test_who_comes_back_with_another_name_is_renamed(self, crowd: Crowd) -> None:
        await crowd.enter(ANN, BOB)
        await crowd.presence.enter(ROOM, CAROL, CAROL.id)
        await crowd.told(1)
        await crowd.presence.leave(ROOM, ANN.id, ANN.id, at_once=True)
        await crowd.told(0.5)  # gone, and not announced yet
        await crowd.presence.rename(anna := Author("ann", "Anna"), "Ann")
        await crowd.presence.enter(ROOM, anna, "again")
        assert await crowd.told() == Changes(ROOM, (), (), ((anna, "Ann"),), 3)

    async def test_renaming_somebody_who_is_nowhere_or_to_the_same_name_is_nothing(
        self, crowd: Crowd
    ) -> None:
        await crowd.enter(ANN)
        await crowd.presence.rename(BOB, "Robert")
        await crowd.presence.rename(ANN, "Ann")
        assert await crowd.told() is None

    async def test_who_is_renamed_during_the_grace_comes_back_renamed(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.leave(ROOM, ANN.id, ANN.id)
        await crowd.presence.rename(anna := Author("ann", "Anna"), "Ann")
        await crowd.presence.enter(ROOM, anna, "again")
        assert await crowd.told() == Changes(ROOM, (), (), ((anna, "Ann"),), 1)

    # --- announcing and listing ----------------------------------------------------------------------

    async def test_a_room_is_announced_at_most_once_a_second(self, crowd: Crowd) -> None:
        told = 0
        for i in range(40):
            await crowd.presence.enter(ROOM, Author(f"p{i}", f"P{i}"), f"c{i}")
            told += await crowd.told(0.25) is not None
        assert told == 10
        assert await crowd.told(1) is not None
        assert (await crowd.presence.present(ROOM, 0)).count == 40

    async def test_what_is_due_later_is_not_lost(self, crowd: Crowd) -> None:
        await crowd.presence.enter(ROOM, ANN, ANN.id)
        assert await crowd.told(0) is not None
        await crowd.presence.enter(ROOM, BOB, BOB.id)
        assert await crowd.told(0.9) is None
        assert await crowd.told(0.1) == Changes(ROOM, (BOB,), (), (), 2)

    async def test_rooms_do_not_wait_for_each_other(self, crowd: Crowd) -> None:
        await crowd.enter(ANN)
        await crowd.presence.enter(OTHER, BOB, BOB.id)
        assert await crowd.told(0, OTHER) is not None

    async def test_lists_counts_and_announcements_agree_at_every_moment(self, crowd: Crowd) -> None:
        known: set[str] = set()
        for step in range(120):
            person = Author(f"p{step * 7 % 11}", f"P{step * 7 % 11}")
            if step % 3:
                await crowd.presence.enter(ROOM, person, person.id)
            else:
                await crowd.presence.leave(ROOM, person.id, person.id, at_once=bool(step % 2))
            changes = await crowd.told(0.7)
            if changes is not None:
                joined, left = ({one.id for one in group} for group in (changes.joined, changes.left))
                assert not joined & known
                assert left <= known
                known = (known | joined) - left
                present = await crowd.presence.present(ROOM, 100)
                assert {one.id for one in present.people} == known
                assert changes.count == len(known)

    async def test_people_are_listed_in_the_order_in_which_they_came(self, crowd: Crowd) -> None:
        await crowd.enter(CAROL, ANN, BOB)
        await crowd.enter(ANN)
        assert await crowd.names() == ["Carol", "Ann", "Bob"]

    async def test_a_list_is_read_page_by_page(self, crowd: Crowd) -> None:
        people = [Author(f"p{i}", f"P{i}") for i in range(25)]
        await crowd.enter(*people)
        read: list[Author] = []
        page = await crowd.presence.present(ROOM, 10)
        while page.people:
            assert page.count == 25
            read += page.people
            page = await crowd.presence.present(ROOM, 10, read[-1].id)
        assert read == people

    async def test_a_page_after_somebody_who_has_gone_leaves_out_nobody(self, crowd: Crowd) -> None:
        people = [Author(f"p{i}", f"P{i}") for i in range(6)]
        await crowd.enter(*people)
        await crowd.presence.leave(ROOM, "p2", "p2", at_once=True)
        await crowd.after(1)
        page = await crowd.presence.present(ROOM, 10, "p2")
        assert {"p3", "p4", "p5"} <= {one.id for one in page.people}

    async def test_a_count_needs_no_list(self, crowd: Crowd) -> None:
        await crowd.enter(ANN, BOB, room=SITE)
        assert await crowd.presence.present(SITE, 0) == Present((), 2)
