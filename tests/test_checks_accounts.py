"""The system checks of accounts, each with a good and a bad test."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser, User
from django.core.checks import ERROR, WARNING
from django.db import models
from system_checks import found

from chat.checks import accounts


@pytest.fixture
def user_model(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``user_model(email=…)`` is a host's own model with these fields besides a password."""

    def make(username: str, **fields: Any) -> None:
        columns = [AbstractBaseUser._meta.get_field("password")]
        for name, field in fields.items():
            field.set_attributes_from_name(name)
            columns.append(field)
        by_name = {field.name: field for field in columns}
        meta = SimpleNamespace(concrete_fields=columns, get_field=by_name.__getitem__)
        model = SimpleNamespace(USERNAME_FIELD=username, _meta=meta)
        monkeypatch.setattr(accounts, "get_user_model", lambda: model)

    return make


def test_somebody_can_log_in(settings: Any) -> None:
    assert not found("chat.E015")
    settings.AUTHENTICATION_BACKENDS = []
    [message] = found("chat.E015")
    assert message.level == ERROR
    assert "ModelBackend" in message.hint


def test_requests_know_who_is_logged_in(settings: Any) -> None:
    assert not found("chat.E016")
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "AuthenticationMiddleware" not in name]
    [message] = found("chat.E016")
    assert message.level == ERROR
    assert "django.contrib.auth.middleware.AuthenticationMiddleware" in message.hint


def test_djangos_own_user_can_be_made() -> None:
    assert accounts.get_user_model() is User
    assert not found("chat.E017")


def test_a_model_with_a_name_and_what_fills_itself_can_be_made(user_model: Any) -> None:
    user_model(
        "nick",
        nick=models.CharField(max_length=16, unique=True),
        about=models.TextField(blank=True),
        email=models.EmailField(unique=True, null=True),
        level=models.IntegerField(default=1),
        since=models.DateTimeField(auto_now_add=True),
    )
    assert not found("chat.E017")


@pytest.mark.parametrize(
    ("username", "fields"),
    [
        ("email", {"email": models.EmailField(unique=True)}),
        ("nick", {"nick": models.CharField(max_length=15, unique=True)}),
        ("number", {"number": models.IntegerField(unique=True)}),
        ("nick", {"nick": models.CharField(max_length=99), "email": models.EmailField()}),
        (
            "nick",
            {"nick": models.CharField(max_length=99), "email": models.EmailField(unique=True, blank=True)},
        ),
        ("nick", {"nick": models.CharField(max_length=99), "born": models.DateField()}),
    ],
)
def test_a_model_that_needs_more_has_pages_of_its_own(
    user_model: Any, settings: Any, username: str, fields: dict[str, Any]
) -> None:
    user_model(username, **fields)
    [message] = found("chat.E017")
    assert message.level == ERROR
    assert next(reversed(fields)) in message.msg
    assert 'CHITCHAT["ACCOUNTS"] = False' in message.hint
    settings.CHITCHAT = {"ACCOUNTS": False}
    assert not found("chat.E017")


def test_passwords_are_judged(settings: Any) -> None:
    assert not found("chat.W016")
    settings.AUTH_PASSWORD_VALIDATORS = []
    [message] = found("chat.W016")
    assert message.level == WARNING
    assert "min_length" in message.hint
    settings.CHITCHAT = {"ACCOUNTS": False}
    assert not found("chat.W016")


def test_settings_that_cannot_be_read_are_complained_of_once(settings: Any) -> None:
    settings.CHITCHAT = {"SITENAME": "x"}
    settings.AUTH_PASSWORD_VALIDATORS = []
    assert not found("chat.W016")
    assert len(found("chat.E001")) == 1
