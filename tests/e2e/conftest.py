"""Real people, a real browser, the real server. Every journey ends without a complaint of any of them.

These tests are a process of their own: ``DJANGO_ALLOW_ASYNC_UNSAFE=1 pytest tests/e2e``.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)
from redis_server import ALWAYS, RedisServer

from .clients import Client, csrf_token
from .installs import Install, install
from .pages import DESKTOP, PHONE, Visitor
from .servers import ROOT, RUNSERVER, Server
from .watch import Watch

# The engine without the windows around it, which would cost as much again for every tab.
CHROMIUM = "/usr/bin/chromium-headless-shell"
CHROMIUM_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]

# For everything that is waited for. The longest wait of the page itself is 5 s after a restart, and
# twice as much until it notices that the network is gone.
PATIENCE_MS = 30_000

# Screenshots of what people saw when a journey failed.
RESULTS = ROOT / "test-results"

Arrive = Callable[..., Visitor]
MakeClient = Callable[[str], Client]
MakeChannel = Callable[..., str]

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """A fresh install's, for servers to copy; with ``--redis`` they share a Redis."""
    with ExitStack() as stack:
        url = ""
        if request.config.getoption("--redis"):
            redis = RedisServer(tmp_path_factory.mktemp("redis"), **ALWAYS)
            redis.start()
            stack.callback(redis.end)
            url = redis.url
        yield stack.enter_context(install(tmp_path_factory.mktemp("install"), url))


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Install
) -> Iterator[Server]:
    """The site as ``bin/run`` starts it, for all tests of a module.

    With ``RATE_LIMITS = False`` in the module, people may say more than people say.
    """
    limits = "on" if getattr(request.module, "RATE_LIMITS", True) else "off"
    server = Server(RUNSERVER, tmp_path_factory.mktemp("server"), database, CHITCHAT_RATE_LIMITS=limits)
    server.start()
    yield server
    server.end()


@pytest.fixture
def journey(request: pytest.FixtureRequest, server: Server) -> Iterator[ExitStack]:
    """What is left at the end of a test goes, and then the server must have had no trouble."""
    with ExitStack() as stack:
        yield stack
    complaints = server.complaints()
    assert not complaints, "\n".join(["The server's log:", *complaints])


@pytest.fixture
def visitor(
    request: pytest.FixtureRequest, browser: Browser, server: Server, journey: ExitStack
) -> Iterator[Arrive]:
    """``visitor()`` is somebody with a browser of their own, and no name yet.

    ``visitor(PHONE)`` has a phone; further arguments are those of Playwright's ``new_context``.
    """
    contexts: list[tuple[BrowserContext, Watch]] = []

    def arrive(size: ViewportSize = DESKTOP, **options: Any) -> Visitor:
        phone = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2} if size == PHONE else {}
        context = browser.new_context(viewport=size, base_url=server.url, **phone, **options)
        context.set_default_timeout(PATIENCE_MS)
        journey.callback(go_home, context, server)
        watch = Watch(context)
        if options.get("java_script_enabled") is False:
            watch.expects(r"^request failed: GET \S+\.js csp$")  # how Chromium says that it does not run them
        contexts.append((context, watch))
        return Visitor(context, watch)

    yield arrive
    if request.node.stash.get(FAILED, False):
        take_pictures(request.node.name, [context for context, _ in contexts])
    for context, watch in contexts:
        for page in context.pages:
            assert page.evaluate("window.__pwned") is None
        assert not watch.unexpected, "\n".join(watch.unexpected)


def go_home(context: BrowserContext, server: Server) -> None:
    """Close the browser; the name is free for the next test."""
    for page in context.pages:
        page.close()
    if server.running:
        context.set_offline(False)
        token = csrf_token(context.cookies())
        context.request.post(f"{server.url}/logout/", headers={"X-CSRFToken": token})
    context.close()


@pytest.fixture
def client(playwright: Playwright, server: Server, journey: ExitStack) -> MakeClient:
    """``client("Robot")`` is somebody who speaks the protocol without a page."""
    return lambda name: journey.enter_context(Client(playwright.request, server.url, name))


@pytest.fixture
def channel(playwright: Playwright, server: Server) -> MakeChannel:
    """``channel("Pit crew")`` has been there before anybody came; its address. No two tests share a name."""

    def make(name: str, topic: str = "") -> str:
        with Client(playwright.request, server.url, "Someone else") as maker:
            return f"/c/{maker.makes_channel(name, topic)['slug']}/"

    return make


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


def take_pictures(test: str, contexts: list[BrowserContext]) -> None:
    RESULTS.mkdir(exist_ok=True)
    for number, page in enumerate(page for context in contexts for page in context.pages):
        page.screenshot(path=RESULTS / f"{test.replace('/', '-')}-{number}.png")
