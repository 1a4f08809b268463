"""Pages to register, to log in, and to change the password. They need no script."""

import math
from collections.abc import Callable

from channels.db import database_sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from chat import conf
from chat.errors import ChatError, InvalidName, NameTaken, RateLimited
from chat.forms import AccountForm, LoginForm, PasswordForm, RegistrationForm
from chat.services import accounts, process
from chat.services.identity import Identity
from chat.views.answers import STATUS, View, address_of, asker, says_unavailable


def account_page(view: View) -> View:
    """One of the app's own account pages; without them the host has its own, and there is nothing here."""

    async def page(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        if not conf.get().ACCOUNTS:
            raise Http404("Accounts are the host's business here.")
        return await view(request)

    kept: Callable[[View], View] = sensitive_post_parameters()
    return require_http_methods(["GET", "HEAD", "POST"])(never_cache(kept(says_unavailable(page))))


@account_page
async def register(request: HttpRequest) -> HttpResponse:
    """A guest becomes an account in place; a visitor comes as one."""
    here, who = process.current(), await asker(request)
    if _is_account(who):
        return _onwards(request)
    form = RegistrationForm(request.POST or None, initial={"name": "" if who is None else who.author.name})
    if request.method == "POST" and await database_sync_to_async(form.is_valid)():
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        try:
            await accounts.register(here, who, address_of(request), request, name, password)
        except ChatError as error:
            return _refused(request, "register", form, error, who)
        return _onwards(request)
    return _page(request, "register", form, who)


@account_page
async def log_in(request: HttpRequest) -> HttpResponse:
    here, who = process.current(), await asker(request)
    if request.method != "POST" and _is_account(who):
        return _onwards(request)
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        try:
            fits = await accounts.log_in(here, who, address_of(request), request, name, password)
        except RateLimited as error:
            return _refused(request, "login", form, error, who)
        if fits:
            return _onwards(request)
        form.refuse()
    return _page(request, "login", form, who)


@account_page
async def change_password(request: HttpRequest) -> HttpResponse:
    here, who = process.current(), await asker(request)
    user = await request.auser()
    if not user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('chat:login')}?next={reverse('chat:password')}")
    form = PasswordForm(request.POST or None, user=user, name="" if who is None else who.author.name)
    if request.method == "POST" and await database_sync_to_async(form.is_valid)():
        present, new = form.cleaned_data["present"], form.cleaned_data["password"]
        try:
            fits = await accounts.change_password(here, who, request, user, present, new)
        except RateLimited as error:
            return _refused(request, "password", form, error, who)
        if fits:
            return _onwards(request)
        form.refuse()
    return _page(request, "password", form, who)


def _is_account(who: Identity | None) -> bool:
    return who is not None and not who.author.guest


def _next(request: HttpRequest) -> str:
    """Where somebody wanted to go: an address of this site, or ``""``."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    here = {request.get_host()}
    ours = url_has_allowed_host_and_scheme(wanted, here, require_https=request.is_secure())
    return wanted if ours else ""


def _onwards(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(_next(request) or reverse("chat:home"))


def _refused(
    request: HttpRequest, name: str, form: AccountForm, error: ChatError, who: Identity | None
) -> HttpResponse:
    """The form again, with the reason at the name, as for any other mistake in it, or above."""
    about_the_name = isinstance(error, NameTaken | InvalidName)
    form.add_error("name" if about_the_name else None, error.detail)
    response = _page(request, name, form, who, 200 if about_the_name else STATUS.get(error.code, 500))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after))
    return response


def _page(
    request: HttpRequest, name: str, form: AccountForm, who: Identity | None, status: int = 200
) -> HttpResponse:
    form.describe()
    context = {
        "form": form,
        "me": None if who is None else who.author,
        "next": _next(request),
        "page": {"site_name": conf.get().SITE_NAME},
    }
    return render(request, f"chat/account/{name}.html", context, status=status)
