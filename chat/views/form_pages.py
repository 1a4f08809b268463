"""Pages with one form, which need no script: the form again with what is wrong, or the way onwards."""

import math
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from chat import conf
from chat.errors import ChatError, InvalidName, NameTaken, Unavailable
from chat.forms import AccountForm
from chat.services.identity import Identity
from chat.views.answers import RETRY_AFTER, STATUS

AWAY: Final = "Something that the chat needs is away for a moment. Try again soon."


def next_of(request: HttpRequest) -> str:
    """Where somebody wanted to go: an address of this site, or ``""``."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    here = {request.get_host()}
    ours = url_has_allowed_host_and_scheme(wanted, here, require_https=request.is_secure())
    return wanted if ours else ""


def onwards(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(next_of(request) or reverse("chat:home"))


def form_page(
    request: HttpRequest,
    template: str,
    form: AccountForm,
    who: Identity | None,
    status: int = 200,
    *,
    problem: str = "",
    context: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """The page ``chat/account/<template>.html``. ``problem`` is what no field of the form has to do with."""
    form.describe()
    shown = {
        "form": form,
        "me": None if who is None else who.author,
        "next": next_of(request),
        "page": {"site_name": conf.get().SITE_NAME},
        "problem": problem,
        **(context or {}),
    }
    return render(request, f"chat/account/{template}.html", shown, status=status)


def refused(
    request: HttpRequest,
    template: str,
    form: AccountForm,
    error: ChatError,
    who: Identity | None,
    **more: Any,
) -> HttpResponse:
    """The form again, with the reason at the name, as for any other mistake in it, or above."""
    about_the_name = isinstance(error, NameTaken | InvalidName)
    form.add_error("name" if about_the_name else None, error.detail)
    status = 200 if about_the_name else STATUS.get(error.code, 500)
    response = form_page(request, template, form, who, status, **more)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after))
    return response


def again_later(
    request: HttpRequest, template: str, form: type[AccountForm], who: Identity | None = None, **more: Any
) -> HttpResponse:
    """The form with the name that was typed in it, while something that it needs is away.

    It is not looked at once more: a host's validators may need what is away.
    """
    fresh = form(initial={"name": request.POST.get("name", "")})
    response = form_page(request, template, fresh, who, STATUS[Unavailable.code], problem=AWAY, **more)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response
