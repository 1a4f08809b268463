"""The readers of environment variables: what they take, and what they say of everything else."""

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from chitchat_site.environment import Environment


def read(**values: str) -> Environment:
    return Environment(values)


def one_sentence(refused: pytest.ExceptionInfo[ImproperlyConfigured], name: str) -> bool:
    text = str(refused.value)
    return name in text and text.endswith(".") and "\n" not in text


@pytest.mark.parametrize("raw", ["1", "true", "TRUE", "yes", "on", " 1 "])
def test_a_switch_is_on(raw: str) -> None:
    assert read(DEBUG=raw).boolean("DEBUG", False) is True


@pytest.mark.parametrize("raw", ["0", "false", "No", "off"])
def test_a_switch_is_off(raw: str) -> None:
    assert read(DEBUG=raw).boolean("DEBUG", True) is False


@pytest.mark.parametrize("values", [{}, {"DEBUG": ""}, {"DEBUG": "  "}])
@pytest.mark.parametrize("default", [True, False])
def test_a_missing_or_blank_switch_has_its_default(values: dict[str, str], default: bool) -> None:
    assert Environment(values).boolean("DEBUG", default) is default


@pytest.mark.parametrize("raw", ["2", "ja", "truee", "None"])
def test_a_switch_that_is_neither_on_nor_off_is_refused(raw: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DEBUG=0") as refused:
        read(DEBUG=raw).boolean("DEBUG", True)
    assert one_sentence(refused, "DEBUG")


def test_a_number_is_read() -> None:
    assert read(TRUSTED_PROXIES="2").integer("TRUSTED_PROXIES", 0) == 2
    assert read(TRUSTED_PROXIES="0").integer("TRUSTED_PROXIES", 1) == 0
    assert read().integer("TRUSTED_PROXIES", 7) == 7


@pytest.mark.parametrize("raw", ["-1", "1.5", "one", "1 2", "٣", "0x1", "9" * 5_000])
def test_a_number_that_is_none_or_out_of_range_is_refused(raw: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(TRUSTED_PROXIES=raw).integer("TRUSTED_PROXIES", 0)
    assert one_sentence(refused, "TRUSTED_PROXIES")


def test_a_number_under_its_minimum_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="at least 2"):
        read(WORKERS="1").integer("WORKERS", 4, minimum=2)


def test_a_list_is_split_at_commas_and_has_no_empty_items() -> None:
    assert read(HOSTS="a.example, b.example,,").words("HOSTS", []) == ["a.example", "b.example"]


def test_a_list_has_a_default_of_its_own() -> None:
    default = ["localhost"]
    found = read().words("HOSTS", default)
    found.append("other")
    assert default == ["localhost"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("https://chat.example.org", "https://chat.example.org"),
        ("HTTPS://Chat.Example.org/", "https://chat.example.org"),
        ("https://chat.example.org:443", "https://chat.example.org"),
        ("http://chat.example.org:80", "http://chat.example.org"),
        ("https://chat.example.org:8443", "https://chat.example.org:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(raw: str, expected: str) -> None:
    assert read(ALLOWED_ORIGINS=raw).origins("ALLOWED_ORIGINS") == [expected]


@pytest.mark.parametrize(
    "raw",
    [
        "chat.example.org",
        "chat.example.org:443",
        "ftp://chat.example.org",
        "https://",
        "https://chat.example.org/chat",
        "https://me@chat.example.org",
        "https://chat.example.org?a=b",
        "https://*.example.org",
        "https://chat.example.org:port",
        "https://[::1",
        "null",
        "*",
    ],
)
def test_what_is_not_an_origin_is_refused(raw: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(ALLOWED_ORIGINS=f"https://good.example,{raw}").origins("ALLOWED_ORIGINS")
    assert one_sentence(refused, "ALLOWED_ORIGINS")


def test_a_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read(MEDIA_ROOT="uploads").path("MEDIA_ROOT", Path("/else")) == tmp_path / "uploads"
    assert read().path("MEDIA_ROOT", Path("/else")) == Path("/else")


def database(url: str) -> dict[str, object]:
    return read(DATABASE_URL=url).database(
        "DATABASE_URL", default=Path("/srv/default.sqlite3"), base=Path("/srv")
    )


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("", "/srv/default.sqlite3"),
        ("sqlite:///chat.sqlite3", "/srv/chat.sqlite3"),
        ("sqlite:////var/lib/chat.sqlite3", "/var/lib/chat.sqlite3"),
        ("sqlite:////var/my%20chat.sqlite3", "/var/my chat.sqlite3"),
    ],
)
def test_sqlite_takes_turns_and_lets_readers_read(url: str, name: str) -> None:
    entry = database(url)
    assert entry["ENGINE"] == "django.db.backends.sqlite3"
    assert entry["NAME"] == Path(name)
    assert entry["OPTIONS"] == {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL",
    }


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_is_taken_apart(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", object())  # type: ignore[arg-type]
    assert database(f"{scheme}://ann:p%40ss%2F@db.example:5433/chat?sslmode=require") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "chat",
        "USER": "ann",
        "PASSWORD": "p@ss/",
        "HOST": "db.example",
        "PORT": "5433",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": "10", "sslmode": "require"},
    }


@pytest.mark.parametrize(
    ("place", "host", "port"),
    [
        ("", "", ""),
        ("ann@", "", ""),
        ("Db.Example:5433", "Db.Example", "5433"),
        ("ann:at%40home@[::1]:5433", "::1", "5433"),
        ("ann@%2Frun%2FPostgreSQL", "/run/PostgreSQL", ""),
    ],
)
def test_postgresql_is_found_by_a_name_an_address_or_its_folder_of_sockets(
    place: str, host: str, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", object())  # type: ignore[arg-type]
    entry = database(f"postgres://{place}/chat")
    assert (entry["HOST"], entry["PORT"], entry["NAME"]) == (host, port, "chat")


def test_what_the_url_says_to_the_driver_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", object())  # type: ignore[arg-type]
    entry = database("postgres://db.example/chat?connect_timeout=3")
    assert entry["OPTIONS"] == {"connect_timeout": "3"}


def test_postgresql_without_its_driver_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match="pip install") as refused:
        database("postgres://ann:secret@db.example/chat")
    assert one_sentence(refused, "DATABASE_URL")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ann:secret@db.example/chat",
        "/srv/secret.sqlite3",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://secret.sqlite3",
        "postgres://ann:secret@db.example",
        "postgres://ann:secret@db.example:port/chat",
        "postgres://ann:secret@[db/chat",
    ],
)
def test_another_database_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        database(url)
    assert one_sentence(refused, "DATABASE_URL")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1:6379/0", "rediss://ann:p%40ss@redis.example", "unix:///run/redis.sock?db=1"],
)
def test_a_redis_stays_as_it_was_written(url: str) -> None:
    assert read(REDIS_URL=f" {url} ").redis("REDIS_URL") == url
    assert read().redis("REDIS_URL") == ""


def test_redis_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "channels_redis", None)  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match="pip install channels-redis") as refused:
        read(REDIS_URL="redis://ann:secret@redis.example").redis("REDIS_URL")
    assert one_sentence(refused, "REDIS_URL")


@pytest.mark.parametrize(
    "url",
    [
        *("127.0.0.1:6379", "http://ann:secret@redis.example", "redis://", "unix://", "redis://:secret@"),
        *("redis://ann:secret@redis.example:port/0", "redis://ann:secret@[redis/0"),
    ],
)
def test_another_redis_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(REDIS_URL=url).redis("REDIS_URL")
    assert one_sentence(refused, "REDIS_URL")
    assert "secret" not in str(refused.value)


def test_the_secret_key_of_the_environment_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert read(SECRET_KEY="given").secret_key("SECRET_KEY", file=file) == "given"
    assert not file.exists()


def test_a_missing_secret_key_is_refused_where_no_file_may_be_made() -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read().secret_key("SECRET_KEY", file=None)
    assert one_sentence(refused, "SECRET_KEY")


@pytest.mark.parametrize("key", ["…", "secret", "x" * 31])
def test_a_secret_key_that_is_short_enough_to_be_guessed_is_refused_where_no_file_may_be_made(
    key: str,
) -> None:
    with pytest.raises(ImproperlyConfigured, match="too short") as refused:
        read(SECRET_KEY=key).secret_key("SECRET_KEY", file=None)
    assert one_sentence(refused, "SECRET_KEY")
    assert read(SECRET_KEY="x" * 32).secret_key("SECRET_KEY", file=None) == "x" * 32


def test_the_secret_key_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "key"
    first = read().secret_key("SECRET_KEY", file=file)
    assert len(first) >= 50
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read().secret_key("SECRET_KEY", file=file) == first
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_processes_that_start_together_agree_on_one_secret_key(tmp_path: Path) -> None:
    file = tmp_path / "key"
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda _: read().secret_key("SECRET_KEY", file=file), range(32)))
    assert set(keys) == {file.read_text().strip()}


def test_the_second_of_two_makers_of_a_secret_key_takes_the_first_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    first = read().secret_key("SECRET_KEY", file=file)
    monkeypatch.setattr(Path, "exists", lambda _: False)  # as seen just before the first was done
    assert read().secret_key("SECRET_KEY", file=file) == first
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_an_empty_secret_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("\n")
    with pytest.raises(ImproperlyConfigured, match="delete it"):
        read().secret_key("SECRET_KEY", file=file)


def test_a_secret_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read().secret_key("SECRET_KEY", file=tmp_path / "missing" / "key")
    assert one_sentence(refused, "SECRET_KEY")
