"""System checks of files, each with a good and a bad test."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from channels.routing import ProtocolTypeRouter
from django.conf.urls.static import static
from django.core.checks import ERROR, WARNING
from django.urls import include, path
from system_checks import found

from chat.routing import http_application, websocket_application


async def django(scope: Any, receive: Any, send: Any) -> None:
    """Stands for Django's own application."""


def test_a_folder_that_can_be_written_to_is_fine(settings: Any, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "made" / "later"):
        settings.MEDIA_ROOT = folder
        assert not found("chat.E012")


def test_a_folder_that_cannot_be_written_to_is_named(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    occupied = tmp_path / "a-file"
    occupied.write_text("")
    settings.MEDIA_ROOT = occupied / "media"
    [message] = found("chat.E012")
    assert message.level == ERROR
    assert str(occupied) in message.msg
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("chat.checks.files.os", SimpleNamespace(access=lambda *_: False, W_OK=2, X_OK=1))
    [message] = found("chat.E012")
    assert "MEDIA_ROOT" in message.hint


def test_without_a_folder_uploads_would_go_anywhere(settings: Any) -> None:
    settings.MEDIA_ROOT = ""
    [message] = found("chat.E012")
    assert "not set" in message.msg


def test_a_storage_that_is_no_folder_needs_none(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    settings.MEDIA_ROOT = ""
    assert not found("chat.E012")
    assert not found("chat.W014")


class Urls:
    """URL patterns that serve a folder to everybody, as Django's documentation shows it for development."""

    def __init__(self, folder: Path, *, nested: bool) -> None:
        served = static("/media/", document_root=str(folder))
        self.urlpatterns: list[Any] = [path("", include("chat.urls"))]
        self.urlpatterns += [path("under/", include(served))] if nested else served


@pytest.mark.parametrize("nested", [False, True])
def test_url_patterns_that_serve_the_folder_are_found(settings: Any, tmp_path: Path, nested: bool) -> None:
    settings.DEBUG = True
    settings.MEDIA_ROOT = tmp_path / "media"
    for folder, complaints in ((tmp_path / "elsewhere", 0), (tmp_path / "media", 1), (tmp_path, 1)):
        settings.ROOT_URLCONF = Urls(folder, nested=nested)
        messages = found("chat.W014")
        assert len(messages) == complaints
        assert all(message.level == WARNING for message in messages)


def test_a_folder_within_static_files_is_found(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "static" / "media"
    assert not found("chat.W014")
    for changed in (
        {"STATIC_ROOT": tmp_path / "static"},
        {"STATICFILES_DIRS": [tmp_path / "static"]},
        {"STATICFILES_DIRS": [("prefix", str(tmp_path / "static"))]},
    ):
        for name in ("STATIC_ROOT", "STATICFILES_DIRS"):
            setattr(settings, name, changed.get(name, []))
        assert len(found("chat.W014")) == 1


def test_types_that_nothing_looks_into_are_named(settings: Any) -> None:
    for taken in (["txt"], ("png", "jpg"), []):
        settings.CHITCHAT = {"FILE_TYPES": taken}
        assert not found("chat.E013")
    for taken in (["txt", "svg"], [".png"], ["PNG"]):
        settings.CHITCHAT = {"FILE_TYPES": taken}
        [message] = found("chat.E013")
        assert repr(taken[-1]) in message.msg
    settings.CHITCHAT = {"FILE_TYPES": "png"}
    assert "FILE_TYPES" in found("chat.E001")[0].msg


def test_a_pillow_that_cannot_write_what_is_taken_is_found(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not found("chat.E014")
    monkeypatch.setattr("PIL.features.check", lambda feature: feature != "webp")
    [message] = found("chat.E014")
    assert "webp" in message.msg
    settings.CHITCHAT = {"FILE_TYPES": ["txt", "pdf"]}
    assert not found("chat.E014")


def test_a_missing_pillow_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    [message] = found("chat.E014")
    assert "pip install" in message.hint


def test_broken_url_patterns_are_for_django_to_complain_of(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chat.checks.files import check_media_is_private

    def broken() -> None:
        raise ImportError

    monkeypatch.setattr("chat.checks.files.get_resolver", broken)
    assert check_media_is_private(None) == []


@pytest.mark.parametrize(
    ("application", "complaints"),
    [
        (http_application(django), 0),
        (ProtocolTypeRouter({"http": http_application(django), "websocket": websocket_application}), 0),
        (http_application(ProtocolTypeRouter({"http": django, "websocket": websocket_application})), 0),
        (ProtocolTypeRouter({"http": django, "websocket": websocket_application}), 1),
        (django, 0),  # it cannot be looked into, and chat.E005 says the rest
    ],
)
def test_a_body_without_a_bound_is_found(
    settings: Any, monkeypatch: pytest.MonkeyPatch, application: Any, complaints: int
) -> None:
    monkeypatch.setitem(sys.modules, "a_host", SimpleNamespace(application=application))
    settings.ASGI_APPLICATION = "a_host.application"
    messages = found("chat.W015")
    assert len(messages) == complaints
    assert all("http_application" in message.hint for message in messages)


@pytest.mark.parametrize("name", [None, "", "nowhere.at.all"])
def test_no_application_has_no_body(settings: Any, name: str | None) -> None:
    settings.ASGI_APPLICATION = name
    assert not found("chat.W015")
