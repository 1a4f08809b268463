"""Browsers of people. What one has fetched stays for the next visitor who gets it; nothing else does."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from playwright.sync_api import Browser, BrowserContext, StorageState

from .clients import csrf_token
from .watch import Watch

# Nobody is known, nothing is kept.
NOTHING = StorageState(cookies=[], origins=[])


class Site(Protocol):
    """What people visit."""

    @property
    def url(self) -> str: ...

    @property
    def running(self) -> bool: ...


class Browsers:
    """A fresh page is about a hundred files: fetching them is most of the work of a journey."""

    def __init__(self, browser: Browser, patience_ms: int) -> None:
        self._browser = browser
        self._patience_ms = patience_ms
        self._free: defaultdict[str, list[tuple[BrowserContext, Watch]]] = defaultdict(list)

    @contextmanager
    def one(self, site: Site, *, fresh: bool, **options: Any) -> Iterator[tuple[BrowserContext, Watch]]:
        """Somebody's, until they leave; a ``fresh`` one has never been anywhere. The ``options`` are those of
        Playwright's ``new_context``."""
        options["base_url"] = site.url
        is_kept = not fresh and "storage_state" not in options
        free = self._free[json.dumps(options, sort_keys=True)] if is_kept else []
        context, watch = free.pop() if free else self._new(options)
        yield context, watch
        leave(context, site)
        if is_kept:
            watch.forget()
            free.append((context, watch))
        else:
            context.close()

    def _new(self, options: dict[str, Any]) -> tuple[BrowserContext, Watch]:
        context = self._browser.new_context(**options)
        context.set_default_timeout(self._patience_ms)
        return context, Watch(context)


def leave(context: BrowserContext, site: Site) -> None:
    """Close all pages, free the name, and forget everything but copies of files."""
    for page in context.pages:
        page.close()
    context.set_offline(False)
    context.unroute_all()
    if site.running:
        headers = {"X-CSRFToken": csrf_token(context.cookies())}
        context.request.post(f"{site.url}/logout/", headers=headers)
    context.set_storage_state(NOTHING)
