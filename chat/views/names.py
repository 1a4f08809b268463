"""Choosing a name, checking one, leaving."""

from typing import Any

from django.contrib.auth import alogout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from chat.services import people, process
from chat.services.people import NameCheck
from chat.views.answers import address_of, answers_errors, asker, plain, text_fields


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
@answers_errors
async def choose_name(request: HttpRequest) -> HttpResponse:
    (raw,) = text_fields(request, "name")
    who = await asker(request)
    author = await people.choose_name(process.current(), who, address_of(request), raw, request.session)
    return JsonResponse({"me": plain(author)})


@require_POST
@never_cache
@answers_errors
async def log_out(request: HttpRequest) -> HttpResponse:
    """For a script an empty object, for a form the way back to the chat."""
    who = await asker(request)
    await alogout(request)  # for the host's receivers; it knows nothing of guests and of open connections
    await people.log_out(process.current(), who, request.session)
    return HttpResponseRedirect(reverse("chat:home")) if _is_a_form(request) else JsonResponse({})


def _is_a_form(request: HttpRequest) -> bool:
    """Browsers ask for HTML by name when they send a form; scripts do not."""
    return any(f"{kind.main_type}/{kind.sub_type}" == "text/html" for kind in request.accepted_types)
