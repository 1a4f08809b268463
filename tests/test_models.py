"""What outlives a process."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from chat.domain import Author
from chat.models import Channel, ChannelNameKey, Person, PersonNameKey, new_person_id

pytestmark = pytest.mark.django_db


def test_the_id_of_a_person_is_opaque() -> None:
    ids = {new_person_id() for _ in range(100)}
    assert len(ids) == 100
    assert {len(one) for one in ids} == {16}


def test_a_person_is_a_guest_until_there_is_an_account() -> None:
    person = Person.objects.create(name="Ann")
    assert person.author == Author(person.id, "Ann", guest=True)
    person.user = User.objects.create(username="ann")
    person.save()
    assert person.author == Author(person.id, "Ann", guest=False)
    assert str(person) == "Ann"


def test_an_account_is_one_person() -> None:
    user = User.objects.create(username="ann")
    Person.objects.create(name="Ann", user=user)
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(name="Anna", user=user)


def test_what_somebody_wrote_outlives_the_account() -> None:
    user = User.objects.create(username="ann")
    person = Person.objects.create(name="Ann", user=user)
    user.delete()
    person.refresh_from_db()
    assert (person.name, person.user) == ("Ann", None)


def test_a_channel_as_everybody_sees_it() -> None:
    channel = Channel.objects.create(slug="pit-crew", name="Pit crew", topic="Tyres")
    assert channel.room == "channel:pit-crew"
    info = channel.info
    assert (info.room, info.slug, info.name, info.topic) == (
        "channel:pit-crew",
        "pit-crew",
        "Pit crew",
        "Tyres",
    )
    assert (info.kind, info.keeps, info.private, info.archived) == ("channel", "recent", False, False)
    channel.archived_at = datetime.now(UTC)
    assert channel.info.archived
    assert str(channel) == "Pit crew"


def test_two_channels_have_two_addresses() -> None:
    Channel.objects.create(slug="pit-crew", name="Pit crew")
    with pytest.raises(IntegrityError), transaction.atomic():
        Channel.objects.create(slug="pit-crew", name="Another")


def test_a_channel_outlives_its_maker() -> None:
    person = Person.objects.create(name="Ann")
    channel = Channel.objects.create(slug="pit-crew", name="Pit crew", maker=person)
    person.delete()
    channel.refresh_from_db()
    assert channel.maker is None


def test_every_change_of_a_channel_can_be_noticed() -> None:
    channel = Channel.objects.create(slug="pit-crew", name="Pit crew")
    before = channel.changed_at
    channel.topic = "Tyres"
    channel.save()
    assert channel.changed_at > before


def test_a_claim_on_a_name_has_one_owner_and_goes_with_it() -> None:
    ann, bob = (Person.objects.create(name=name) for name in ("Ann", "Bob"))
    claim = PersonNameKey.objects.create(key="ann", owner=ann)
    assert str(claim) == "ann"
    with pytest.raises(IntegrityError), transaction.atomic():
        PersonNameKey.objects.create(key="ann", owner=bob)
    ann.delete()
    PersonNameKey.objects.create(key="ann", owner=bob)


def test_people_and_channels_may_have_the_same_name() -> None:
    PersonNameKey.objects.create(key="lobby", owner=Person.objects.create(name="Lobby"))
    ChannelNameKey.objects.create(key="lobby", owner=Channel.objects.create(slug="lobby", name="Lobby"))
