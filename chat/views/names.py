"""Choosing a name, checking one, leaving."""

from typing import Any

from django.contrib.auth import logout
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from chat import conf
from chat.database import in_database
from chat.domain import Author
from chat.errors import ChatError, Unavailable
from chat.forms import NameForm
from chat.services import people, process
from chat.services.identity import Identity
from chat.services.people import NameCheck
from chat.views.answers import (
    address_of,
    answers_errors,
    asker,
    is_a_form,
    plain,
    says_unavailable,
    text_fields,
)
from chat.views.form_pages import again_later, onwards, refused


def check_answer(check: NameCheck, **more: Any) -> JsonResponse:
    """What a form is told while somebody types."""
    if not check.code:
        return JsonResponse({"available": True, "name": check.name, **more})
    answer = check._asdict()
    del answer["name"]
    return JsonResponse({"available": False, **answer})


@require_safe
@never_cache
@answers_errors
async def check_name(request: HttpRequest) -> HttpResponse:
    who = await asker(request)
    raw = request.GET.get("name", "")
    return check_answer(await people.check_name(process.current(), who, address_of(request), raw))


@require_POST
@never_cache
async def choose_name(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """For a script who this is now, for a form the way back to its page, or the form again."""
    return await (_choose_by_form if is_a_form(request) else _choose_by_script)(request)


@answers_errors
async def _choose_by_script(request: HttpRequest) -> HttpResponse:
    (raw,) = text_fields(request, "name")
    return JsonResponse({"me": plain(await _choose(request, await asker(request), raw))})


async def _choose_by_form(request: HttpRequest) -> HttpResponse:
    """Without a script. What is wrong is said on a page of its own, which keeps what was typed."""
    who: Identity | None = None
    shown = {"accounts": conf.get().ACCOUNTS}
    try:
        who = await asker(request)
        await _choose(request, who, request.POST.get("name", ""))
    except Unavailable:
        return again_later(request, "name", NameForm, who, context=shown)
    except ChatError as error:
        return refused(request, "name", NameForm(request.POST), error, who, context=shown)
    return onwards(request)


async def _choose(request: HttpRequest, who: Identity | None, raw: str) -> Author:
    return await people.choose_name(process.current(), who, address_of(request), raw, request.session)


@require_POST
@never_cache
async def log_out(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """For a script an empty object, for a form the way back to the chat."""
    by_form = is_a_form(request)
    return await (says_unavailable if by_form else answers_errors)(_log_out)(request, by_form)


async def _log_out(request: HttpRequest, by_form: bool) -> HttpResponse:
    who = await asker(request)
    # For the host's receivers; it knows nothing of guests and of open connections.
    await in_database(logout, request)
    await people.log_out(process.current(), who, request.session)
    return HttpResponseRedirect(reverse("chat:home")) if by_form else JsonResponse({})
