"""The example site: what its settings make of a request, and of a deployment."""

import logging
import os
import secrets
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

ROOT = Path(__file__).resolve().parent.parent


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_deployment_as_documented_has_no_complaints_of_system_checks() -> None:
    done = manage(
        "check",
        "--deploy",
        "--fail-level=WARNING",
        DEBUG="0",
        SECRET_KEY=secrets.token_urlsafe(50),
        ALLOWED_HOSTS="chat.example.org",
        ALLOWED_ORIGINS="https://chat.example.org",
        TRUSTED_PROXIES="1",
    )
    assert done.returncode == 0, done.stderr


def test_a_deployment_on_plain_http_is_told_of_its_insecure_cookies() -> None:
    done = manage("check", "--deploy", DEBUG="0", SECRET_KEY=secrets.token_urlsafe(50))
    assert "SESSION_COOKIE_SECURE" in done.stderr


def test_a_page_may_load_nothing_from_elsewhere_and_nothing_inline(client: Client, db: None) -> None:
    policy = client.get("/account/login/").headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "http" not in policy


def test_a_form_that_is_none_is_refused_without_a_traceback(
    client: Client, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=\u00e9"):
        caplog.clear()
        assert client.post("/name/", b"nothing", content_type=kind).status_code == 400
        assert [(one.levelno, one.exc_info) for one in caplog.records] == [(logging.WARNING, None)]


def test_a_foreign_host_is_refused_without_a_traceback(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
    refusals = [one for one in caplog.records if one.name == "django.security.DisallowedHost"]
    assert [one.levelno for one in refusals] == [logging.ERROR]
    assert refusals[0].exc_info is None


def test_browsers_find_the_icon_of_pages_that_name_none(client: Client) -> None:
    place = urlsplit(client.get("/favicon.ico").headers["Location"]).path
    assert finders.find(place.removeprefix("/static/")) is not None
