"""The system checks without which nothing works, each with a good and a bad test."""

from typing import Any

import pytest
from django.core.checks import ERROR, WARNING
from system_checks import found

LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.mark.parametrize("written", [{}, {"SITE_NAME": "Paddock"}, {"LIMITS": {"message": (5, 1, 10)}}])
def test_settings_that_exist_are_fine(settings: Any, written: dict[str, Any]) -> None:
    settings.CHITCHAT = written
    assert not found("chat.E001")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"SITENAME": "x"}, "SITENAME"),
        ({"LIMITS": {"messages": (5, 1, 10)}}, "messages"),
        ({"LIMITS": {"message": 5}}, "message"),
        ({"LIMITS": 5}, "int"),
        ({"TIMES": "5"}, "dictionary"),
        (None, "NoneType"),
        ({"ALLOWED_ORIGINS": "https://chat.example"}, "ALLOWED_ORIGINS"),
        ({"ALLOWED_ORIGINS": 5}, "int"),
    ],
)
def test_settings_that_do_not_exist_are_named(settings: Any, written: Any, words: str) -> None:
    settings.CHITCHAT = written
    [message] = found("chat.E001")
    assert message.level == ERROR
    assert words in message.msg
    assert "docs/settings.md" in message.hint


def test_a_channel_layer_is_needed(settings: Any) -> None:
    settings.CHANNEL_LAYERS = LAYERS
    assert not found("chat.E002")
    for none in ({}, {"other": LAYERS["default"]}):
        settings.CHANNEL_LAYERS = none
        [message] = found("chat.E002")
        assert message.level == ERROR
        assert "InMemoryChannelLayer" in message.hint


def test_sessions_in_cookies_cannot_be_ended(settings: Any) -> None:
    for engine in ("db", "cached_db", "cache", "file"):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
        assert not found("chat.E003")
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    [message] = found("chat.E003")
    assert message.level == ERROR
    assert "backends.db" in message.hint


@pytest.mark.parametrize(
    ("debug", "limited", "complaints"),
    [(False, True, 0), (True, False, 0), (True, True, 0), (False, False, 1)],
)
def test_lifted_limits_are_for_benchmarks(settings: Any, debug: bool, limited: bool, complaints: int) -> None:
    settings.DEBUG = debug
    settings.CHITCHAT = {"RATE_LIMITS": limited}
    messages = found("chat.W001")
    assert len(messages) == complaints
    for message in messages:
        assert message.level == WARNING
        assert "CHITCHAT_RATE_LIMITS" in message.hint


def test_settings_that_cannot_be_read_are_complained_of_once(settings: Any) -> None:
    settings.CHITCHAT = {"SITENAME": "x"}
    assert not found("chat.W001")
    assert len(found("chat.E001")) == 1
