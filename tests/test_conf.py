"""``CHITCHAT``: one dict, read once, with an error for what it does not know."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chat import conf
from chat.ratelimit import Rate


def test_a_host_that_writes_nothing_has_the_defaults(settings: Any) -> None:
    del settings.CHITCHAT
    assert conf.get() == conf.Settings()
    assert conf.get().DEFAULT_CHANNEL == "General Talk"


def test_the_default_limits_are_the_documented_ones() -> None:
    limits = conf.Limits()
    assert (limits.body_characters, limits.frame_bytes, limits.kept) == (4_000, 64 * 1024, 100)
    assert limits.message == Rate(5, 1, 10)
    assert limits.command == Rate(20, 1, 40)
    assert limits.typing == Rate(1, 3, 1)
    assert limits.rename == Rate(5, 600, 5)
    assert (limits.channel_by_person, limits.channel_by_address) == (Rate(5, 3_600, 5), Rate(20, 3_600, 20))
    assert (limits.session_sockets, limits.address_sockets, limits.channels) == (20, 500, 10_000)
    assert (limits.reaction_kinds, limits.bad_frames) == (20, 10)


def test_what_is_written_replaces_its_default_only(settings: Any) -> None:
    settings.CHITCHAT = {"SITE_NAME": "Paddock", "LIMITS": {"kept": 5}, "TIMES": {"grace": 1.0}}
    found = conf.get()
    assert found.SITE_NAME == "Paddock"
    assert (found.LIMITS.kept, found.LIMITS.body_characters) == (5, 4_000)
    assert (found.TIMES.grace, found.TIMES.lease) == (1.0, 45.0)


def test_with_a_redis_messages_are_there_unless_it_says_otherwise(settings: Any) -> None:
    settings.CHITCHAT = {"REDIS_URL": ""}
    assert conf.get().CHANNEL_STORE == conf.MEMORY_STORE
    settings.CHITCHAT = {"REDIS_URL": "redis://127.0.0.1"}
    assert conf.get().CHANNEL_STORE == conf.REDIS_STORE
    settings.CHITCHAT = {"REDIS_URL": "redis://127.0.0.1", "CHANNEL_STORE": "mine.Store"}
    assert conf.get().CHANNEL_STORE == "mine.Store"


@pytest.mark.parametrize("rate", [(2, 3, 4), [2, 3, 4], Rate(2, 3, 4)])
def test_a_rate_is_written_as_three_numbers(settings: Any, rate: Any) -> None:
    settings.CHITCHAT = {"LIMITS": {"message": rate}}
    assert conf.get().LIMITS.message == Rate(2, 3, 4)


@pytest.mark.parametrize("rate", [5, None, (), (1, 2), (1, 2, 3, 4), (0, 1, 1), (1, 1, 0), (1, -1, 1), "123"])
def test_a_rate_that_is_none_is_named(settings: Any, rate: Any) -> None:
    settings.CHITCHAT = {"LIMITS": {"message": rate}}
    with pytest.raises(
        ImproperlyConfigured, match=r'CHITCHAT\["LIMITS"\]: \'message\' is \(count, seconds, burst\)'
    ):
        conf.get()


@pytest.mark.parametrize(
    ("written", "place", "key"),
    [
        ({"SITE_NAMES": "x"}, "CHITCHAT", "SITE_NAMES"),
        ({"site_name": "x"}, "CHITCHAT", "site_name"),
        ({"LIMITS": {"bodycharacters": 5}}, r'CHITCHAT\["LIMITS"\]', "bodycharacters"),
        ({"TIMES": {"pingafter": 5}}, r'CHITCHAT\["TIMES"\]', "pingafter"),
    ],
)
def test_a_misspelt_key_fails_at_once_and_is_named(
    settings: Any, written: dict[str, Any], place: str, key: str
) -> None:
    settings.CHITCHAT = written
    with pytest.raises(ImproperlyConfigured, match=f"{place} has no setting '{key}'. It has: "):
        conf.get()


@pytest.mark.parametrize("key", ["RESERVED_NAMES", "ALLOWED_ORIGINS"])
def test_one_text_is_not_a_list(settings: Any, key: str) -> None:
    """It would be a list of its letters, and silently useless."""
    settings.CHITCHAT = {key: "https://chat.example"}
    with pytest.raises(ImproperlyConfigured, match=f"{key}.* is a list"):
        conf.get()
    settings.CHITCHAT = {key: ["https://chat.example"]}
    assert getattr(conf.get(), key) == ("https://chat.example",)


def test_the_settings_are_read_once_and_again_when_they_change(settings: Any) -> None:
    first = conf.get()
    assert conf.get() is first
    settings.TIME_ZONE = "Europe/Vienna"
    assert conf.get() is first
    settings.CHITCHAT = {"SITE_NAME": "Paddock"}
    assert conf.get().SITE_NAME == "Paddock"


def test_nobody_changes_the_settings_in_force() -> None:
    with pytest.raises(FrozenInstanceError):
        conf.get().SITE_NAME = "Mine"  # type: ignore[misc]
