"""Error pages with words, for people; the protocol's JSON for scripts. Under DEBUG too.

Django shows its technical pages while DEBUG is on. They are for those who work on the code: with
``DEBUG_PAGES=1`` they are back. The log has the traceback either way.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
)
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.log import log_response

from chat import conf
from chat.database import AWAY
from chat.services.defaults import default_slug
from chat.views.answers import RETRY_AFTER
from chitchat_site.reports import REFUSALS

CODES: Final = {
    400: "invalid",
    403: "forbidden",
    404: "not_found",
    405: "invalid",
    413: "too_large",
    500: "server_error",
    503: "unavailable",
}
WORDS: Final = {
    400: "The server could not read that.",
    403: "This is not open to you.",
    404: "Nothing at this address.",
    405: "There is no page at this address: forms are sent here.",
    413: "That is more than the site takes.",
    500: "Something broke on our side. Try again in a moment.",
    503: "Something that the site needs is away for a moment. Try again soon.",
}
CSRF_WORDS: Final = "This page was open too long. Load it again, then repeat the last step."

# Without templates, styles or anything else that may be what broke.
BARE_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Something broke on our side</title>'
    "<h1>Something broke on our side</h1><p>Try again in a moment.</p></html>"
)


def wants_json(request: HttpRequest) -> bool:
    """Whether a script is asking: people's browsers ask for HTML."""
    if request.content_type == "application/json":
        return True
    return request.accepts("application/json") and not request.accepts("text/html")


def _back(request: HttpRequest) -> str:
    """The page of this site from which somebody came here, or nothing."""
    referrer = request.headers.get("Referer", "")
    try:
        host, here = request.get_host(), request.build_absolute_uri()
    except DisallowedHost:
        return ""
    ours = url_has_allowed_host_and_scheme(referrer, {host}, require_https=request.is_secure())
    return referrer if ours and referrer != here else ""


def _answer(request: HttpRequest, status: int, template: str, words: str, **context: Any) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"error": {"code": CODES[status], "detail": words}}, status=status)
    context |= {
        "home": reverse("chat:room", args=[default_slug()]),
        "home_name": conf.get().DEFAULT_CHANNEL,
        "back": _back(request),
    }
    return HttpResponse(render_to_string(template, context), status=status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, "404.html", WORDS[404])


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    match = request.resolver_match
    reason = str(exception or "")
    in_chat = match is not None and match.app_name == "chat"
    return _answer(request, 403, "403.html", reason or WORDS[403], in_chat=in_chat, reason=reason)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, SessionInterrupted) and _is_away(exception):
        return unavailable(request)
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    return _answer(request, 400, "400.html", WORDS[400])


def too_large(request: HttpRequest) -> HttpResponse:
    """A form or a frame that is over its bound. (That files are has words of its own in 413.html.)"""
    reason = "It was not taken, and nothing was changed. Send less at once."
    heading = WORDS[413].removesuffix(".")
    return _answer(request, 413, "413.html", WORDS[413], heading=heading, reason=reason)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """``reason`` is for the log, which has it already."""
    again = _back(request) or request.path
    return _answer(request, 403, "403_csrf.html", CSRF_WORDS, again=again)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The database is away. Where the app asks it, it says so itself; sessions and the admin ask it too."""
    response = _answer_plainly(request, 503)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _is_away(error: BaseException | None) -> bool:
    """Whether an error comes from a database that cannot be reached."""
    while error is not None and not isinstance(error, AWAY):
        error = error.__context__
    return error is not None


def server_error(request: HttpRequest) -> HttpResponse:
    """Called where the error is handled."""
    if isinstance(sys.exception(), AWAY):
        return unavailable(request)
    return _answer_plainly(request, 500)


def _answer_plainly(request: HttpRequest, status: int) -> HttpResponse:
    """Needs no database and nothing of the request but its headers."""
    try:
        if wants_json(request):
            error = {"code": CODES[status], "detail": WORDS[status]}
            return JsonResponse({"error": error}, status=status)
        return HttpResponse(render_to_string(f"{status}.html"), status=status)
    except Exception:
        return HttpResponse(BARE_PAGE, status=500)


class ErrorPages:
    """Gives people the site's pages where Django has technical ones, or none (413).

    Stands before the CSRF check, which is the first to read a form, and so the first to find it too large.
    """

    sync_capable = async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
    ) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        answer = self._get_response(request)
        if self._is_async:
            return self._later(request, cast(Awaitable[HttpResponseBase], answer))
        return self._ours(request, cast(HttpResponseBase, answer))

    async def _later(self, request: HttpRequest, answer: Awaitable[HttpResponseBase]) -> HttpResponseBase:
        return self._ours(request, await answer)

    def _ours(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """No view has this address, or this method: that is found out where no middleware is asked."""
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            page = _answer(request, 405, "405.html", WORDS[405])
            page.headers["Allow"] = response.headers["Allow"]
            return page
        technical = settings.DEBUG and not settings.DEBUG_PAGES
        if technical and response.status_code == 404 and request.resolver_match is None:
            return not_found(request)
        return response

    async def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return None
        try:
            await sync_to_async(lambda: request.POST)()
        except RequestDataTooBig:
            return too_large(request)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, RequestDataTooBig):
            return too_large(request)
        if not settings.DEBUG or settings.DEBUG_PAGES or isinstance(exception, PermissionDenied):
            return None  # Django asks the handlers above
        if isinstance(exception, Http404):
            return not_found(request, exception)
        if isinstance(exception, REFUSALS):
            return bad_request(request, exception)
        response = server_error(request)
        got_request_exception.send(sender=None, request=request)
        about = (response.reason_phrase, request.path)
        log_response("%s: %s", *about, response=response, request=request, exception=exception)
        return response
