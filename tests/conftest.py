"""What every test gets: its own media folder, an empty cache and channel layer, a database file.

Tests that touch the database from async code or a consumer need
``@pytest.mark.django_db(transaction=True)``: their writes happen in other threads, on other
connections, which a transaction of the test would hide from each other.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import emptying
import pytest
from asgiref.sync import SyncToAsync, sync_to_async
from channels.layers import channel_layers
from django.apps import apps
from django.conf import settings as site_settings
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.management import create_contenttypes
from django.core.cache import cache
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.test import AsyncClient, TransactionTestCase
from e2e.installs import Install, install
from people import PATIENCE, Browser, Site
from redis_server import RedisServer

from chat.redis import Client

# Files of long tests come first: at the end, one process would have such a test and the others nothing.
LONG = {
    *("test_server.py", "test_two_processes.py", "test_workers.py", "test_outages.py"),
    *("test_refusals.py", "test_user_models.py", "test_site.py", "test_bin_run.py", "test_workshop.py"),
    *("test_first_page.py", "test_unread_histories.py", "test_database.py", "test_database_plans.py"),
    *("test_claims.py",),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--redis", action="store_true", help="with a redis-server: also the tests of Redis, and sites use it"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "redis: needs a redis-server; runs only with --redis")
    config.addinivalue_line("markers", "in_process: of what ends with a process; runs only without --redis")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    other = "in_process" if config.getoption("--redis") else "redis"
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(other)])
    items[:] = [item for item in items if not item.get_closest_marker(other)]
    # Stable: the rest stays in its order.
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """``--quiet`` prints no dots where nobody watches: in a log they stand before what failed."""
    if config.option.verbose < 0 and report.when == "call" and report.passed and not sys.stdout.isatty():
        return "passed", "", ""
    return None


@pytest.fixture(scope="session")
def redis_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One redis-server for the whole run, without persistence."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.end()


@pytest.fixture
def redis_server(redis_for_all: RedisServer) -> RedisServer:
    """A redis-server with nothing in it."""
    redis_for_all.say("FLUSHALL")
    return redis_for_all


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """A file, not SQLite's memory: connections of several threads lock as they do in real life.

    The shared memory database has other locks, which fail at once instead of waiting.
    """
    if connections["default"].vendor != "sqlite":
        return
    file = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
    site_settings.DATABASES["default"]["TEST"]["NAME"] = file
    connections["default"].settings_dict["TEST"]["NAME"] = file
    connection_created.connect(_do_not_wait_for_the_disk)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Emptying the database after a test is quick, and does not make every content type and permission
    again: ``staff`` makes those that it needs, and the others do without.

    At the end, PostgreSQL drops no database to which the thread of async code is still connected.
    """
    TransactionTestCase._fixture_teardown = emptying.empty_after
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.disconnect(create_contenttypes)
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


def _do_not_wait_for_the_disk(connection: Any, **_: Any) -> None:
    """Nothing in a test survives a power cut."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session")
def media_roots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folders of all tests. (pytest would look at those of all tests before to number the next one.)"""
    all_of_them = tmp_path_factory.mktemp("media")
    return (all_of_them / str(number) for number in count())


@pytest.fixture(autouse=True)
def media_root(settings: Any, media_roots: Iterator[Path]) -> Path:
    """Uploads go to a folder of the test's own."""
    folder = next(media_roots)
    folder.mkdir()
    settings.MEDIA_ROOT = folder
    return folder


@pytest.fixture
async def redis_client(redis_server: RedisServer) -> AsyncIterator[Client]:
    client = Client(redis_server.url, "test:")
    yield client
    await client.close()


@pytest.fixture
async def other_redis_client(redis_server: RedisServer) -> AsyncIterator[Client]:
    """Of another process."""
    client = Client(redis_server.url, "test:")
    yield client
    await client.close()


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """A fresh install's, for servers to copy."""
    with install(tmp_path_factory) as made:
        yield made


def redis_layer(url: str, prefix: str = "chat:layer:", timeout: float = 2.0) -> dict[str, Any]:
    """``CHANNEL_LAYERS`` as the example site has them with ``REDIS_URL``."""
    host = {"address": url, "socket_timeout": timeout, "socket_connect_timeout": timeout}
    backend = "channels_redis.pubsub.RedisPubSubChannelLayer"
    return {"default": {"BACKEND": backend, "CONFIG": {"hosts": [host], "prefix": prefix}}}


@pytest.fixture
def redis_patience() -> float:
    """Seconds until a Redis that does not answer is given up.

    In life it is two, but a machine that is busy with other tests may not let a process have its turn for so
    long; then a connection is closed with 1012, or a hint is lost, and nothing is wrong.
    """
    return PATIENCE


@pytest.fixture(autouse=True)
def _redis_for_sites(
    request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch, redis_patience: float
) -> None:
    """With ``--redis``, what needs nothing by default is on Redis."""
    if request.config.getoption("--redis"):
        from chat.redis import Client

        url = request.getfixturevalue("redis_server").url
        settings.CHITCHAT = {**settings.CHITCHAT, "REDIS_URL": url}
        settings.CHANNEL_LAYERS = redis_layer(url, timeout=redis_patience)
        monkeypatch.setitem(Client.__init__.__kwdefaults__, "timeout", redis_patience)
        monkeypatch.setattr("chat.relay.groups.LAYER_TIMEOUT", redis_patience)


@pytest.fixture(autouse=True)
def _nothing_left_in_memory() -> Iterator[None]:
    """The cache and the channel layer belong to the process: the next test gets fresh ones."""
    yield
    cache.clear()
    channel_layers.backends.clear()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A process of the chat with a clock that the test moves. Needs the database (``transaction=True``)."""
    async with Site() as site:
        yield site


@pytest.fixture
def limits(settings: Any) -> Callable[..., None]:
    """``limits(kept=3)`` changes bounds of ``CHITCHAT`` before anybody comes."""

    def change(**bounds: Any) -> None:
        settings.CHITCHAT = {**settings.CHITCHAT, "LIMITS": {**settings.CHITCHAT.get("LIMITS", {}), **bounds}}

    return change


@pytest.fixture
def quick_passwords(settings: Any) -> None:
    """Passwords that are hashed at once: the real hasher takes half a second, which is its purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def no_database(django_db_blocker: Any) -> Callable[[], Any]:
    """``with no_database():`` any use of the database, in any thread, is an error.

    It begins between two visits to the database: a transaction that may not end would stay open, and the
    tables be locked for all tests to come.
    """
    return lambda: SyncToAsync.single_thread_executor.submit(django_db_blocker.block).result()


@pytest.fixture
def staff(django_user_model: Any) -> Callable[..., Awaitable[AsyncClient]]:
    """``await staff("view_channel")``: a browser of somebody on the staff with these permissions."""

    async def come(*permissions: str) -> AsyncClient:
        await sync_to_async(create_permissions)(apps.get_app_config("chat"), verbosity=0)
        user = await django_user_model.objects.acreate(username="root", is_staff=True)
        for name in permissions:
            await user.user_permissions.aadd(await Permission.objects.aget(codename=name))
        client = Browser()
        await client.aforce_login(user)
        return client

    return come
