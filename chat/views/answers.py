"""What HTTP requests of scripts have in common: fields in, JSON out."""

import json
import math
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Final, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template.loader import render_to_string

from chat import conf
from chat.errors import ChatError, Invalid, Unavailable
from chat.services import process
from chat.services.identity import Identity, identity_of
from chat.services.peer import client_address

STATUS: Final = {
    "bad_frame": 400,
    "invalid": 400,
    "invalid_name": 400,
    "too_long": 400,
    "empty": 400,
    "forbidden": 403,
    "not_found": 404,
    "name_taken": 409,
    "too_large": 413,
    "unsupported_file": 415,
    "rate_limited": 429,
    "unavailable": 503,
}

RETRY_AFTER: Final = 5  # seconds

E = TypeVar("E", bound=ChatError)

View = Callable[..., Coroutine[Any, Any, HttpResponse | StreamingHttpResponse]]


def plain(value: Any) -> Any:
    """Structs of the domain and the protocol as dicts and lists, for JSON."""
    return msgspec.to_builtins(value)


def _answers(kind: type[E], answer: Callable[[E], HttpResponse]) -> Callable[[View], View]:
    """Let a view raise errors of this kind."""

    def decorate(view: View) -> View:
        @wraps(view)
        async def answering(
            request: HttpRequest, *args: Any, **kwargs: Any
        ) -> HttpResponse | StreamingHttpResponse:
            try:
                return await view(request, *args, **kwargs)
            except kind as error:
                return answer(error)

        return answering

    return decorate


def answers_errors(view: View) -> View:
    """Let a view raise ``ChatError``s; the script gets them as the protocol says."""
    return _answers(ChatError, error_answer)(view)


def is_a_form(request: HttpRequest) -> bool:
    """Browsers ask for HTML by name when they send a form; scripts do not."""
    return any(f"{kind.main_type}/{kind.sub_type}" == "text/html" for kind in request.accepted_types)


def says_unavailable(view: View) -> View:
    """A page for the time in which something that the chat needs is away."""
    return _answers(Unavailable, _unavailable_page)(view)


def _unavailable_page(_: Unavailable) -> HttpResponse:
    page = render_to_string(["503.html", "chat/unavailable.html"])
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER)})


def error_answer(error: ChatError) -> JsonResponse:
    """``{"error": {…}}`` with the status that belongs to the code."""
    content: dict[str, Any] = {"code": error.code, "detail": error.detail}
    answer_headers = {}
    if error.retry_after is not None:
        content["retry_after"] = round(error.retry_after, 3)
        answer_headers["Retry-After"] = str(math.ceil(error.retry_after))
    status = STATUS.get(error.code, 500)
    return JsonResponse({"error": content}, status=status, headers=answer_headers)


def text_fields(request: HttpRequest, *names: str) -> list[str]:
    """The fields of a POST, from a form or a JSON object; those that are not there are ``""``.

    Raises ``Invalid`` for what is neither, and for a field that is not a text.
    """
    if request.content_type == "application/json":
        try:
            fields = json.loads(request.body)
        except (ValueError, RecursionError):
            raise Invalid("The body is not JSON.") from None
        if not isinstance(fields, dict):
            raise Invalid("The body is one JSON object.")
    else:
        fields = request.POST.dict()
    values = [fields.get(name, "") for name in names]
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str):
            raise Invalid(f"{name}: a text.")
    return values


def address_of(request: HttpRequest) -> str:
    """The client's address, for limits."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    proxies = conf.get().TRUSTED_PROXIES
    return client_address(request.META.get("REMOTE_ADDR") or "", [forwarded], proxies)


async def asker(request: HttpRequest) -> Identity | None:
    """Whose request this is."""
    return await identity_of(process.current(), request.session)
