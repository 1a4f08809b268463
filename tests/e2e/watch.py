"""What a browser complains about while somebody uses it: a journey ends without any of it."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, WebError

# Runs before any script of the page. Reports go to the test at once: they survive a reload.
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => reportViolation(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`
));
"""

# The page itself drops a question about a name when another letter is typed, and whoever leaves a page drops
# the files that it was still fetching.
DROPPED = "net::ERR_ABORTED"
DROPPABLE = re.compile(r"^/(name/check/|channels/check/|static/.+)$")

# Somebody was in a field before the page could put them there.
QUICK = "Autofocus processing was blocked because a document already has a focused element."


class Watch:
    """Listens to all tabs of a browser context. Answers that are errors are in the console."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        context.on("console", self._console)
        context.on("weberror", self._web_error)
        context.on("requestfailed", self._request_failed)
        context.on("page", self._page)
        context.expose_binding("reportViolation", self._violation)
        context.add_init_script(REPORT_VIOLATIONS)

    def expects(self, *patterns: str) -> None:
        """What a journey makes go wrong on purpose: complaints that match are not complaints."""
        self._expected += [re.compile(pattern) for pattern in patterns]

    def forget(self) -> None:
        """What comes from now on is somebody else's."""
        self.complaints.clear()
        self._expected.clear()

    @property
    def unexpected(self) -> list[str]:
        return [one for one in self.complaints if not any(known.search(one) for known in self._expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.text == QUICK:
            return
        where = f"{message.location.get('url')}:{message.location.get('lineNumber')}"
        self.complaints.append(f"console {message.type}: {message.text} ({where})")

    def _web_error(self, error: WebError) -> None:
        self.complaints.append(f"page error: {error.error}")

    def _request_failed(self, request: Request) -> None:
        if request.failure == DROPPED and DROPPABLE.search(urlsplit(request.url).path):
            return
        self.complaints.append(f"request failed: {request.method} {request.url} {request.failure}")

    def _page(self, page: Page) -> None:
        page.on("crash", lambda _: self.complaints.append("crashed"))
        page.on("dialog", self._dialog)

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()

    def _violation(self, _: object, words: str) -> None:
        self.complaints.append(f"policy violation: {words}")
