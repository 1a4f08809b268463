"""Fifty who want one name at once, each with a connection of their own: one gets it, every time.

``CLAIM_ROUNDS=100`` in the environment tries it a hundred times instead of once.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.utils import timezone
from people import PATIENCE, Site

from chat import names
from chat.errors import NameTaken
from chat.models import Person, PersonNameKey
from chat.services import people
from chat.services.identity import NAME_KEY, PERSON_KEY, Identity

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("CLAIM_ROUNDS", "1"))
AT_ONCE = 50

ONE_NAME = ["Oskar"]
LOOK_ALIKES = ["Oskar", "oskar", "0skar", "Ｏｓｋａｒ", "OSKAR", "oｓkar"]
# "Ian" is both "ian" and "lan" to the eye: two keys, of which the others have one or both.
ONE_OR_TWO_KEYS = ["Ian", "lan", "IAN", "1an", "Lan", "ＩＡＮ"]
TWO_KEYS = ["Ian", "IAN", "ＩＡＮ"]

Claim = Callable[[int], str]


class Crowd:
    """Fifty threads that claim at the same moment, as requests to several processes do."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE)
        # Who does not get there, for want of a connection, does not keep the others for ever.
        self._barrier = Barrier(AT_ONCE, timeout=PATIENCE)

    def all(self, claim: Claim) -> list[str]:
        """What each of them got, in their order."""
        return list(self._threads.map(self._one, [claim] * AT_ONCE, range(AT_ONCE)))

    def _one(self, claim: Claim, number: int) -> str:
        connection.ensure_connection()
        self._barrier.wait()
        try:
            return claim(number)
        except Exception as error:
            return type(error).__name__

    def _leave(self, _: int) -> None:
        self._barrier.wait()
        connection.close()

    def go_home(self) -> None:
        list(self._threads.map(self._leave, range(AT_ONCE)))
        self._threads.shutdown()


@pytest.fixture
def crowd(transactional_db: None) -> Iterator[Crowd]:
    crowd = Crowd()
    yield crowd
    crowd.go_home()


def judged(name: str) -> names.JudgedName:
    return names.judge(name, reserved=(), max_graphemes=32)


def claim_as_newcomer(spellings: list[str]) -> Claim:
    def claim(number: int) -> str:
        name = judged(spellings[number % len(spellings)])
        return people._take_name(None, name, SessionStore()).id

    return claim


def winner(results: list[str]) -> str:
    """Who has it. Everybody else was told that it is taken, and nothing else."""
    told = Counter("had it" if len(one) == 16 else one for one in results)
    assert told == {"had it": 1, NameTaken.__name__: AT_ONCE - 1}
    return next(one for one in results if len(one) == 16)


def assert_owned_by(person: str) -> None:
    """The claims are those of one person's one name, and all of them."""
    owner = Person.objects.get(id=person, ended_at=None)
    claims = set(PersonNameKey.objects.values_list("key", "owner"))
    assert claims == {(key, person) for key in judged(owner.name).keys}


@pytest.mark.parametrize(
    "spellings", [ONE_NAME, LOOK_ALIKES, ONE_OR_TWO_KEYS], ids=["same", "alike", "one or two keys"]
)
def test_of_fifty_who_claim_a_name_at_once_one_gets_it(crowd: Crowd, spellings: list[str]) -> None:
    for _ in range(ROUNDS):
        person = winner(crowd.all(claim_as_newcomer(spellings)))
        assert_owned_by(person)
        assert Person.objects.count() == Session.objects.count() == 1
        assert Session.objects.get().get_decoded()[PERSON_KEY] == person
        Person.objects.all().delete()
        Session.objects.all().delete()


@pytest.mark.parametrize("former", [["Ian"], ["ian", "lan"], ["lan", "ian"]], ids=" and ".join)
def test_of_fifty_who_claim_a_name_that_lapsed_one_gets_it(crowd: Crowd, former: list[str]) -> None:
    """Its owners, who may be two with a key each, have left when the winner has it."""
    for _ in range(ROUNDS):
        for name in former:
            lapsed = Person.objects.create(name=name, seen_at=timezone.now() - timedelta(days=31))
            people.replace_keys(PersonNameKey, lapsed, judged(name).keys)
        person = winner(crowd.all(claim_as_newcomer(TWO_KEYS)))
        assert_owned_by(person)
        assert set(Person.objects.filter(ended_at=None).values_list("id", flat=True)) == {person}
        Person.objects.all().delete()
        Session.objects.all().delete()


def test_of_fifty_who_change_to_a_name_at_once_one_gets_it_and_the_rest_keep_theirs(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        everybody: list[tuple[Identity, str]] = []
        for number in range(AT_ONCE):
            session = SessionStore()
            person = people._take_name(None, judged(f"Person {number}"), session)
            assert session.session_key
            everybody.append((Identity(person.author, 0, session.session_key, ""), session.session_key))

        def rename(number: int, everybody: list[tuple[Identity, str]] = everybody) -> str:
            who, key = everybody[number]
            spelling = judged(LOOK_ALIKES[number % len(LOOK_ALIKES)])
            return people._take_name(who, spelling, SessionStore(key)).id

        won = winner(crowd.all(rename))
        for number, (who, key) in enumerate(everybody):
            person = Person.objects.get(id=who.author.id)
            held = set(person.name_keys.values_list("key", flat=True))
            if person.id == won:
                assert held == judged("oskar").keys | judged(person.name).keys
            else:
                assert (person.name, held) == (f"Person {number}", judged(f"Person {number}").keys)
            assert SessionStore(key)[NAME_KEY] == person.name
        Person.objects.all().delete()
        Session.objects.all().delete()


@pytest.mark.parametrize("moment", ["claim", "commit"])
@pytest.mark.parametrize("is_new", [True, False])
async def test_a_claim_that_the_database_could_not_keep_changes_nothing_and_can_be_repeated(
    site: Site, monkeypatch: pytest.MonkeyPatch, moment: str, is_new: bool
) -> None:
    """PostgreSQL ends one of two transactions that wait for each other; any database may go away."""
    ann = await site.visitor("" if is_new else "Ann")

    def fail(*_: object) -> None:
        raise OperationalError("deadlock detected")

    def fail_at_commit(session: SessionStore, must_create: bool = False) -> None:
        save(session, must_create)
        fail()

    save = SessionStore.save
    with monkeypatch.context() as patch:
        if moment == "claim":
            patch.setattr(people, "claim_name", fail)
        else:
            patch.setattr(SessionStore, "save", fail_at_commit)
        response = await ann.http.post("/name/", {"name": "Oskar"})
    assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
    assert [person.name async for person in Person.objects.all()] == ([] if is_new else ["Ann"])
    assert await Session.objects.acount() == (0 if is_new else 1)
    assert (await ann.http.get("/c/general-talk/")).context["me"] == (ann.me or None)
    await ann.choose_name("Oskar")
