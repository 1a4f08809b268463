"""System checks of how a project includes the app and of what goes wrong only when others come.

Each finds its mistake, and nothing in settings as they should be.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from channels.consumer import AsyncConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.checks.registry import registry
from django.middleware.csrf import CsrfViewMiddleware
from django.test.utils import override_script_prefix
from django.urls import include, path

from chat import checks
from chat.routing import websocket_application, websocket_urlpatterns

CHECKS = [getattr(checks, name) for name in checks.__all__]


def ids(check: Callable[..., list[Any]]) -> list[str]:
    return [message.id for message in check(None)]


def host(monkeypatch: pytest.MonkeyPatch, **content: Any) -> str:
    """A module of a project with these names in it."""
    module = ModuleType("a_host")
    for name, value in content.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "a_host", module)
    return "a_host"


@pytest.mark.parametrize("check", CHECKS, ids=lambda one: one.__name__)
def test_the_example_site_has_no_complaint(check: Callable[..., list[Any]]) -> None:
    assert ids(check) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda one: one.__name__)
def test_settings_that_cannot_be_read_are_said_once(check: Callable[..., list[Any]], settings: Any) -> None:
    settings.CHITCHAT = {"TYPO": 1}
    assert ids(check) == (["chat.E001"] if check is checks.check_settings else [])


def test_every_complaint_says_what_to_write(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil_everything(settings, monkeypatch)
    complaints = [message for check in CHECKS for message in check(None)]
    assert len({message.id for message in complaints}) >= 15
    for message in complaints:
        assert message.msg.endswith((".", "'", '"')), message
        assert message.hint, message


def spoil_everything(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ROOT_URLCONF = host(monkeypatch, urlpatterns=[])
    settings.ASGI_APPLICATION = "nowhere.at.all"
    settings.MIDDLEWARE = []
    settings.CSRF_USE_SESSIONS = settings.CSRF_COOKIE_HTTPONLY = True
    settings.TEMPLATES = []
    settings.INSTALLED_APPS = ["chat", "django.contrib.auth", "django.contrib.contenttypes"]
    settings.CHITCHAT = {"CHANNEL_STORE": "chat.stores.nothing.Store", "RATE_LIMITS": False}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = settings.SESSION_SAVE_EVERY_REQUEST = True
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    monkeypatch.setenv("WEB_CONCURRENCY", "2")


# --- addresses and WebSockets ------------------------------------------------------------------------


def test_a_project_without_the_chats_addresses(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ROOT_URLCONF = host(monkeypatch, urlpatterns=[])
    assert ids(checks.check_urls) == ["chat.E004"]
    settings.ROOT_URLCONF = host(monkeypatch, urlpatterns=[path("talk/", include("chat.urls"))])
    assert ids(checks.check_urls) == []


async def http(scope: Any, receive: Any, send: Any) -> None:
    """Stands for Django's own application, which nobody asks anything."""


class Wrapped:
    """Somebody's own ASGI middleware."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner


class Closed:
    """One that cannot be looked into."""

    def __init__(self, inner: Any) -> None:
        self.somewhere = inner


class Other(AsyncConsumer):
    pass


def both(websocket: Any) -> ProtocolTypeRouter:
    return ProtocolTypeRouter({"http": http, "websocket": websocket})


@pytest.mark.parametrize(
    ("application", "found"),
    [
        (both(websocket_application), []),
        (Wrapped(both(Wrapped(websocket_application))), []),
        (both(AllowedHostsOriginValidator(URLRouter(websocket_urlpatterns))), []),
        (both(URLRouter(websocket_urlpatterns)), ["chat.E023"]),
        (both(URLRouter([path("", URLRouter(websocket_urlpatterns))])), ["chat.E023"]),
        (both(Wrapped(URLRouter([path("", URLRouter(websocket_urlpatterns))]))), ["chat.W026"]),
        (both(Closed(URLRouter([]))), []),
        (Closed(http), []),
        (http, []),
        (ProtocolTypeRouter({"http": http}), ["chat.E005"]),
        (both(URLRouter([])), ["chat.E005"]),
        (both(URLRouter([path("ws/chat/", Other.as_asgi())])), ["chat.E005"]),
        (both(URLRouter([path("talk/", URLRouter(websocket_urlpatterns))])), ["chat.E005"]),
    ],
)
def test_websockets_that_do_not_reach_the_chat(
    settings: Any, monkeypatch: pytest.MonkeyPatch, application: Any, found: list[str]
) -> None:
    settings.ASGI_APPLICATION = host(monkeypatch, application=application) + ".application"
    assert ids(checks.check_websockets) == found


def test_websockets_of_a_chat_under_a_path(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    content = {
        "urlpatterns": [path("talk/", include("chat.urls"))],
        "under": both(URLRouter([path("talk/", websocket_application)])),
        "open": both(URLRouter([path("talk/", URLRouter(websocket_urlpatterns))])),
        "beside": both(websocket_application),
    }
    settings.ROOT_URLCONF = host(monkeypatch, **content)
    for name, found in (("under", []), ("open", ["chat.E023"]), ("beside", ["chat.E005"])):
        settings.ASGI_APPLICATION = f"a_host.{name}"
        assert ids(checks.check_websockets) == found


def test_websockets_of_a_site_whose_server_takes_a_path_away(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FORCE_SCRIPT_NAME = "/talk"
    settings.ASGI_APPLICATION = host(monkeypatch, application=both(websocket_application)) + ".application"
    with override_script_prefix("/talk/"):
        assert ids(checks.check_websockets) == []


def test_an_asgi_application_that_is_missing_or_broken(settings: Any) -> None:
    settings.ASGI_APPLICATION = None
    assert ids(checks.check_websockets) == ["chat.W002"]
    settings.ASGI_APPLICATION = "nowhere.at.all"
    assert ids(checks.check_websockets) == ["chat.E005"]


# --- middleware, templates, static files, store ------------------------------------------------------


class OwnCsrf(CsrfViewMiddleware):
    pass


def test_missing_middleware(settings: Any) -> None:
    sessions, csrf = "django.contrib.sessions.middleware.SessionMiddleware", f"{__name__}.OwnCsrf"
    settings.MIDDLEWARE = [sessions, csrf]
    assert ids(checks.check_middleware) == []
    settings.MIDDLEWARE = [csrf]
    assert ids(checks.check_middleware) == ["chat.E006"]
    settings.MIDDLEWARE = [sessions]
    assert ids(checks.check_middleware) == ["chat.E007"]
    settings.MIDDLEWARE = [sessions, csrf]
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django.contrib.sessions"]
    assert ids(checks.check_middleware) == ["chat.E006"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CSRF_COOKIE_HTTPONLY", True),
        ("CSRF_USE_SESSIONS", True),
        ("CSRF_COOKIE_NAME", "token"),
        ("CSRF_HEADER_NAME", "HTTP_X_TOKEN"),
    ],
)
def test_a_csrf_token_that_scripts_cannot_send(settings: Any, name: str, value: Any) -> None:
    setattr(settings, name, value)
    (message,) = checks.check_csrf(None)
    assert message.id == "chat.E008"
    assert name in message.msg


def test_templates_that_are_not_found(settings: Any) -> None:
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False}]
    assert ids(checks.check_templates) == ["chat.E009"]
    settings.TEMPLATES = []
    assert ids(checks.check_templates) == ["chat.E009"]


def test_templates_without_the_request_under_a_content_policy(settings: Any) -> None:
    backend = {**settings.TEMPLATES[0], "OPTIONS": {}}
    settings.TEMPLATES = [backend]
    assert ids(checks.check_templates) == ["chat.W003"]
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csp" not in name]
    assert ids(checks.check_templates) == []


def test_static_files_that_are_not_found(settings: Any) -> None:
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    assert ids(checks.check_static_files) == ["chat.W004"]


@pytest.mark.parametrize("key", ["CHANNEL_STORE", "HISTORY_STORE"])
def test_a_store_that_does_not_exist(settings: Any, key: str) -> None:
    settings.CHITCHAT = {key: "chat.stores.nothing.Store"}
    [error] = checks.check_store(None)
    assert (error.id, key in error.msg) == ("chat.E010", True)


# --- deployment --------------------------------------------------------------------------------------


class SharedStore:
    in_process = False


def test_several_workers_with_something_in_memory(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    (message,) = checks.check_workers(None)
    assert message.id == "chat.E011"
    assert "the channel layer and the message store" in message.msg
    settings.CHITCHAT = {"CHANNEL_STORE": f"{__name__}.SharedStore"}
    (message,) = checks.check_workers(None)
    assert "the message store" not in message.msg
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}}
    assert ids(checks.check_workers) == []


@pytest.mark.parametrize("count", ["", "1", "many"])
def test_one_worker_is_fine(monkeypatch: pytest.MonkeyPatch, count: str) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", count)
    assert ids(checks.check_workers) == []


@pytest.mark.parametrize(("config", "found"), [({}, ["chat.W005"]), ({"capacity": 5_000}, [])])
def test_an_in_memory_layer_that_is_too_small(settings: Any, config: Any, found: list[str]) -> None:
    backend = "channels.layers.InMemoryChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}
    assert ids(checks.check_layer_capacity) == found


def test_debug_for_everybody(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert ids(checks.check_hosts) == []
    settings.DEBUG = True
    assert ids(checks.check_hosts) == ["chat.W006"]
    settings.ALLOWED_HOSTS = ["localhost"]
    assert ids(checks.check_hosts) == []


@pytest.mark.parametrize(
    ("chat", "header", "found"),
    [
        ({"TRUSTED_PROXIES": 1}, None, ["chat.W007"]),
        ({"TRUSTED_PROXIES": 1}, ("HTTP_X_FORWARDED_PROTO", "https"), []),
        ({}, ("HTTP_X_FORWARDED_PROTO", "https"), ["chat.W008"]),
        ({"ALLOWED_ORIGINS": ["https://a.b"]}, ("HTTP_X_FORWARDED_PROTO", "https"), []),
    ],
)
def test_a_proxy_that_only_pages_or_only_websockets_believe(
    settings: Any, chat: Any, header: Any, found: list[str]
) -> None:
    settings.CHITCHAT = chat
    settings.SECURE_PROXY_SSL_HEADER = header
    assert ids(checks.check_proxies) == found


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("SESSION_EXPIRE_AT_BROWSER_CLOSE", True, ["chat.W009"]),
        ("SESSION_COOKIE_AGE", 14 * 86_400, ["chat.W010"]),
        ("SESSION_COOKIE_AGE", 30 * 86_400, []),
        ("SESSION_SAVE_EVERY_REQUEST", True, ["chat.W011"]),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.cache", ["chat.W012"]),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.cached_db", []),
    ],
)
def test_names_that_are_lost_with_the_session(settings: Any, name: str, value: Any, found: list[str]) -> None:
    setattr(settings, name, value)
    assert ids(checks.check_session_life) == found


def test_sessions_in_a_cache_that_lasts_are_fine(settings: Any) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
    assert ids(checks.check_session_life) == []


@pytest.mark.parametrize(("most", "found"), [(None, ["chat.W013"]), (1_000, ["chat.W013"]), (65_536, [])])
def test_requests_of_any_size_or_of_too_little(settings: Any, most: Any, found: list[str]) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = most
    assert ids(checks.check_bodies) == found


# --- processes ---------------------------------------------------------------------------------------

REDIS = {"REDIS_URL": "redis://127.0.0.1:6379/0"}
PUBSUB = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}}


def test_parts_that_do_not_go_together(settings: Any) -> None:
    settings.CHITCHAT = REDIS
    assert ids(checks.check_parts) == ["chat.E021"]
    settings.CHANNEL_LAYERS = PUBSUB
    assert ids(checks.check_parts) == []
    settings.CHITCHAT = {}
    assert ids(checks.check_parts) == ["chat.E021"]
    settings.CHITCHAT = {"CHANNEL_STORE": "chat.stores.nothing.Store"}
    assert ids(checks.check_parts) == []


def test_a_layer_that_goes_deaf(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}}
    assert ids(checks.check_redis_layer) == ["chat.W020"]
    settings.CHANNEL_LAYERS = PUBSUB
    assert ids(checks.check_redis_layer) == []


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://127.0.0.1:6379/0", []),
        ("rediss://localhost", []),
        ("redis://[::1]:6379", []),
        ("unix:///run/redis.sock", []),
        ("redis://redis.example:6379/0", ["chat.W021"]),
    ],
)
def test_several_machines_with_a_file_for_a_database(
    settings: Any, monkeypatch: pytest.MonkeyPatch, url: str, found: list[str]
) -> None:
    settings.CHITCHAT = {"REDIS_URL": url}
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert ids(checks.check_machines) == found
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    assert ids(checks.check_machines) == []


def test_several_machines_with_files_for_sessions(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.file"
    settings.CHITCHAT = {"REDIS_URL": "redis://redis.example:6379/0"}
    assert ids(checks.check_machines) == ["chat.W021"]
    settings.CHITCHAT = {"REDIS_URL": "redis://127.0.0.1:6379/0"}
    assert ids(checks.check_machines) == []


def test_several_machines_with_a_folder_for_uploads(settings: Any) -> None:
    """Which they may share: only `check --deploy` asks."""
    settings.CHITCHAT = {"REDIS_URL": "redis://redis.example:6379/0"}
    assert ids(checks.check_shared_files) == ["chat.W025"]
    assert checks.check_shared_files in registry.get_checks(include_deployment_checks=True)
    assert checks.check_shared_files not in registry.get_checks()
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "django.core.files.storage.Storage"}}
    assert ids(checks.check_shared_files) == []
    settings.CHITCHAT = {"REDIS_URL": "redis://127.0.0.1:6379/0"}
    del settings.STORAGES
    assert ids(checks.check_shared_files) == []


def redis_ids() -> list[str]:
    return [message.id for message in checks.check_redis(None, databases=["default"])]


def test_a_redis_that_does_not_answer(settings: Any) -> None:
    settings.CHITCHAT = {"REDIS_URL": "redis://127.0.0.1:1/0"}
    assert ids(checks.check_redis) == []  # asked only where databases are
    assert redis_ids() == ["chat.W022"]
    settings.CHITCHAT = {"REDIS_URL": "nonsense"}
    assert redis_ids() == ["chat.W022"]
    settings.CHITCHAT = {}
    assert redis_ids() == []


# --- basics ------------------------------------------------------------------------------------------


def test_a_project_without_a_channel_layer(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {}
    assert ids(checks.check_layer) == ["chat.E002"]


def test_sessions_that_nobody_can_end(settings: Any) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert ids(checks.check_sessions) == ["chat.E003"]


def test_limits_that_are_lifted_outside_of_a_benchmark(settings: Any) -> None:
    settings.CHITCHAT = {"RATE_LIMITS": False}
    assert ids(checks.check_rate_limits) == ["chat.W001"]
    settings.DEBUG = True
    assert ids(checks.check_rate_limits) == []
