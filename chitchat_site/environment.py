"""Typed readers for environment variables, with errors that say what to write instead.

Every reader takes the variable's name and a default for when it is missing or blank, and raises
``ImproperlyConfigured`` with one sentence that names the variable and gives an example.
"""

import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_DEFAULT_PORTS = {"http": 80, "https": 443}

# An example's "…", or a word, would let anybody make sessions. The one that is made has 67.
SECRET_CHARACTERS = 32

# Seconds a connection waits for SQLite's one writer before it gives up.
_SQLITE_TIMEOUT = 20
# Seconds until a host that does not answer is given up; the driver would wait for minutes.
_POSTGRES_TIMEOUT = "10"


class Environment:
    """Reads settings from ``values``, by default the process's environment."""

    def __init__(self, values: Mapping[str, str] = os.environ) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, "").strip() or default

    def boolean(self, name: str, default: bool) -> bool:
        raw = self.text(name).lower()
        if not raw:
            return default
        if raw in _TRUE:
            return True
        if raw in _FALSE:
            return False
        raise ImproperlyConfigured(
            f"{name} must be 1 or 0 (also true/false, yes/no, on/off), not {raw!r}: "
            f"write for example {name}=0."
        )

    def integer(self, name: str, default: int, *, minimum: int = 0) -> int:
        raw = self.text(name)
        if not raw:
            return default
        # isdecimal alone takes other scripts' digits, which nobody means in an environment.
        if not (raw.isascii() and raw.isdecimal()) or int(raw[:9]) < minimum or len(raw) > 9:
            raise ImproperlyConfigured(
                f"{name} must be a whole number of at least {minimum}, not {raw!r}: "
                f"write for example {name}={minimum + 1}."
            )
        return int(raw)

    def words(self, name: str, default: list[str]) -> list[str]:
        """A list, separated by commas; empty items are dropped."""
        raw = self.text(name)
        if not raw:
            return list(default)
        return [item for item in (part.strip() for part in raw.split(",")) if item]

    def origins(self, name: str) -> list[str]:
        """A list of origins as a browser writes them: lower case, without the default port."""
        return [_origin(name, item) for item in self.words(name, [])]

    def path(self, name: str, default: Path) -> Path:
        raw = self.text(name)
        return Path(raw).expanduser().absolute() if raw else default

    def database(self, name: str, *, default: Path, base: Path) -> dict[str, Any]:
        """One entry of Django's ``DATABASES``; SQLite at ``default`` when the variable is missing.

        ``sqlite:///name`` is relative to ``base``, ``sqlite:////name`` absolute.
        """
        raw = self.text(name)
        if not raw:
            return _sqlite(default)
        try:
            url = urlsplit(raw)
            port = url.port
        except ValueError as error:
            raise _bad_database(name) from error
        if url.scheme == "sqlite":
            file = unquote(url.path[1:])
            if url.netloc or not file or file == ":memory:":
                raise _bad_database(name)
            return _sqlite(base / file)
        if url.scheme in ("postgres", "postgresql"):
            if len(url.path) < 2:
                raise _bad_database(name)
            _require_psycopg(name)
            return {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": unquote(url.path[1:]),
                "USER": unquote(url.username or ""),
                "PASSWORD": unquote(url.password or ""),
                "HOST": _host(url),
                "PORT": str(port or ""),
                # Kept open, and looked after before use: the server may have restarted meanwhile.
                "CONN_MAX_AGE": None,
                "CONN_HEALTH_CHECKS": True,
                "OPTIONS": {"connect_timeout": _POSTGRES_TIMEOUT, **dict(parse_qsl(url.query))},
            }
        raise _bad_database(name)

    def redis(self, name: str) -> str:
        """The address of a Redis, or ``""``."""
        raw = self.text(name)
        if not raw:
            return ""
        try:
            url = urlsplit(raw)
            found = bool(url.path if url.scheme == "unix" else url.hostname) and (url.port or 1)
        except ValueError as error:
            raise _bad_redis(name) from error
        if url.scheme not in ("redis", "rediss", "unix") or not found:
            raise _bad_redis(name)
        _require_channels_redis(name)
        return raw

    def secret_key(self, name: str, *, file: Path | None) -> str:
        """The variable, else the contents of ``file``, made on first use; ``None`` forbids that."""
        value = self.text(name)
        if file is None and len(value) < SECRET_CHARACTERS:
            problem = "is too short to be one" if value else "must be set when DEBUG=0"
            raise ImproperlyConfigured(
                f"{name} {problem}: make one with python -c "
                f"'import secrets; print(secrets.token_urlsafe(50))' and keep it secret."
            )
        if value or file is None:
            return value
        return _secret_from(file, name)


def _origin(name: str, raw: str) -> str:
    problem = ImproperlyConfigured(
        f"{name} must list origins (scheme, host, port if it is not the usual one), not {raw!r}: "
        f"write for example {name}=https://chat.example.org,https://example.org:8443."
    )
    try:
        url = urlsplit(raw)
        port = url.port
    except ValueError as error:
        raise problem from error
    plain = not (url.username or url.password or url.query or url.fragment or "*" in raw)
    if url.scheme not in _DEFAULT_PORTS or not url.hostname or url.path not in ("", "/"):
        raise problem
    if not plain:
        raise problem
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    suffix = "" if port in (None, _DEFAULT_PORTS[url.scheme]) else f":{port}"
    return f"{url.scheme}://{host}{suffix}"


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        # Kept open: all queries of the process run in one thread, and opening cost more than a query.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # With the default, a transaction that reads before it writes fails at once when
            # somebody else wrote in between; one that begins as a writer waits for its turn.
            "transaction_mode": "IMMEDIATE",
            "timeout": _SQLITE_TIMEOUT,
            # Readers and the writer do not wait for each other. Commits stay as durable as in
            # SQLite's default (synchronous=FULL): what was acknowledged survives a power cut.
            "init_command": "PRAGMA journal_mode=WAL",
        },
    }


def _host(url: SplitResult) -> str:
    """As it was written: a folder of sockets (``%2Frun%2FPostgreSQL``) keeps its capitals."""
    if not url.hostname:
        return ""
    place = url.netloc.rpartition("@")[2]
    start = place.lower().index(url.hostname.lower())
    return unquote(place[start : start + len(url.hostname)])


def _bad_database(name: str) -> ImproperlyConfigured:
    # The value is not repeated: it may hold a password.
    return ImproperlyConfigured(
        f"{name} must be sqlite:///file (or sqlite:////absolute/file) or "
        f"postgres://user:password@host:5432/database: write for example "
        f"{name}=sqlite:////srv/chat/db.sqlite3."
    )


def _bad_redis(name: str) -> ImproperlyConfigured:
    # The value is not repeated: it may hold a password.
    return ImproperlyConfigured(
        f"{name} must be redis://user:password@host:6379/0 (also rediss:// for TLS, or "
        f"unix:///path/to/socket): write for example {name}=redis://127.0.0.1:6379/0."
    )


def _require_channels_redis(name: str) -> None:
    try:
        import channels_redis  # noqa: F401
    except ImportError as error:
        raise ImproperlyConfigured(
            f"{name} needs the package channels-redis (the extra `redis`): "
            f"install it with pip install channels-redis."
        ) from error


def _require_psycopg(name: str) -> None:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise ImproperlyConfigured(
            f"{name} asks for PostgreSQL, which needs the package psycopg (the extra "
            f"`postgres`): install it with pip install 'psycopg[binary]'."
        ) from error


def _secret_from(file: Path, name: str) -> str:
    try:
        if not file.exists():
            _write_secret(file)
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{name} is not set and its file {file} cannot be made or read ({error}): "
            f"set {name} to a long random text instead."
        ) from error
    if len(secret) < 50:
        raise ImproperlyConfigured(
            f"{file} holds no usable secret: delete it, and the next start makes a new one."
        )
    return secret


def _write_secret(file: Path) -> None:
    """Makes the file whole and private in one step; of two processes, the first one's key stays.

    The text is written to a private file (O_EXCL, 0600) and then linked to its name: nobody
    ever reads a half-written key, and the link fails when the name exists.
    """
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(50) + "\n")
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
    finally:
        os.unlink(draft)
