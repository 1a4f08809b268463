"""Real people, a real browser, the real server. Every journey ends without a complaint of any of them.

These tests are a process of their own: ``DJANGO_ALLOW_ASYNC_UNSAFE=1 pytest tests/e2e``.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from once import made_once
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)
from redis_server import ALWAYS, RedisServer

from .browsers import Browsers
from .clients import Client
from .installs import Install, install
from .pages import DESKTOP, PHONE, Visitor
from .servers import ROOT, UVICORN, Server, manage

# The engine without the windows around it, which would cost as much again for every tab.
CHROMIUM = "/usr/bin/chromium-headless-shell"
CHROMIUM_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]

# For everything that is waited for. The longest wait of the page itself is 5 s after a restart, and
# twice as much until it notices that the network is gone.
PATIENCE_MS = 30_000

SETTINGS: dict[str, object] = {
    "DJANGO_SETTINGS_MODULE": "e2e.settings",
    "PYTHONPATH": Path(__file__).parents[1],
}

# Screenshots of what people saw when a journey failed.
RESULTS = ROOT / "test-results"

Arrive = Callable[..., Visitor]
MakeClient = Callable[[str], Client]
MakeChannel = Callable[..., str]
StartServer = Callable[[Sequence[str], str], Server]

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
def browsers(browser: Browser) -> Browsers:
    return Browsers(browser, PATIENCE_MS)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The environment of a site as the README runs it for others: static files have hashed names."""
    variables = SETTINGS | {"DEBUG": 0, "ALLOWED_HOSTS": "127.0.0.1"}

    def collect(folder: Path) -> None:
        manage("collectstatic", "--no-input", "--verbosity", "0", **variables, STATIC_ROOT=folder)

    return variables | {"STATIC_ROOT": made_once(tmp_path_factory, "static", collect)}


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
        yield stack.enter_context(install(tmp_path_factory, url))


@pytest.fixture(scope="session")
def servers(
    tmp_path_factory: pytest.TempPathFactory, database: Install, deployed: dict[str, object]
) -> Iterator[StartServer]:
    """``servers(command, limits)``: the one that is started so, for all modules that want such a one."""
    with ExitStack() as stack:

        @cache
        def start(command: Sequence[str], limits: str) -> Server:
            values = deployed if command is UVICORN else SETTINGS
            folder = tmp_path_factory.mktemp("server")
            server = Server(command, folder, database, CHITCHAT_RATE_LIMITS=limits, **values)
            server.start()
            stack.callback(server.end)
            return server

        yield start


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, servers: StartServer) -> Server:
    """The site, as the README runs it for others. Modules share it: what is not free again when somebody
    leaves, the name of an account or a channel, is of one test alone.

    With ``COMMAND = RUNSERVER`` in the module it runs as ``bin/run`` starts it; with ``RATE_LIMITS = False``
    people may say more than people say.
    """
    limits = "on" if getattr(request.module, "RATE_LIMITS", True) else "off"
    return servers(getattr(request.module, "COMMAND", UVICORN), limits)


@pytest.fixture
def journey(request: pytest.FixtureRequest, server: Server) -> Iterator[ExitStack]:
    """What is left at the end of a test goes, and then the server must have had no trouble."""
    with ExitStack() as stack:
        yield stack
    complaints = server.complaints()
    assert not complaints, "\n".join(["The server's log:", *complaints])


@pytest.fixture
def visitor(
    request: pytest.FixtureRequest, browsers: Browsers, server: Server, journey: ExitStack
) -> Iterator[Arrive]:
    """``visitor()`` is somebody with a browser of their own, and no name yet.

    ``visitor(PHONE)`` has a phone; with ``fresh`` theirs has never been here, otherwise it may have what an
    earlier visitor's has fetched; further arguments are those of Playwright's ``new_context``.
    """
    visitors: list[Visitor] = []

    def arrive(size: ViewportSize = DESKTOP, *, fresh: bool = False, **options: Any) -> Visitor:
        phone = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2} if size == PHONE else {}
        browser = browsers.one(server, fresh=fresh, viewport=size, **phone, **options)
        visitor = Visitor(*journey.enter_context(browser))
        visitors.append(visitor)
        if options.get("java_script_enabled") is False:
            # Chromium's word for not running them.
            visitor.watch.expects(r"^request failed: GET \S+\.js csp$")
        return visitor

    yield arrive
    if request.node.stash.get(FAILED, False):
        take_pictures(request.node.name, [visitor.context for visitor in visitors])
    for visitor in visitors:
        for page in visitor.context.pages:
            assert page.evaluate("window.__pwned") is None
        assert not visitor.watch.unexpected, "\n".join(visitor.watch.unexpected)


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
