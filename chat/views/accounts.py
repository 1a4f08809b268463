"""Pages to register, to log in, and to change the password. They need no script."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from chat import conf
from chat.database import in_database
from chat.errors import ChatError, RateLimited, Unavailable
from chat.forms import AccountForm, LoginForm, PasswordForm, RegistrationForm
from chat.services import accounts, process
from chat.services.identity import Identity
from chat.views.answers import View, address_of, asker, says_unavailable
from chat.views.form_pages import again_later, form_page, onwards, refused


def account_page(template: str, form: type[AccountForm]) -> Callable[[View], View]:
    """One of the app's own account pages; without them the host has its own, and there is nothing here."""

    def decorate(view: View) -> View:
        async def page(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
            if not conf.get().ACCOUNTS:
                raise Http404("Accounts are the host's business here.")
            try:
                return await view(request)
            except Unavailable:
                if request.method != "POST":
                    raise
                return again_later(request, template, form)

        kept: Callable[[View], View] = sensitive_post_parameters()
        return require_http_methods(["GET", "HEAD", "POST"])(never_cache(kept(says_unavailable(page))))

    return decorate


@account_page("register", RegistrationForm)
async def register(request: HttpRequest) -> HttpResponse:
    """A guest becomes an account in place; a visitor comes as one."""
    here, who = process.current(), await asker(request)
    if _is_account(who):
        return onwards(request)
    form = RegistrationForm(request.POST or None, initial={"name": "" if who is None else who.author.name})
    if request.method == "POST" and await in_database(form.is_valid):
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        try:
            await accounts.register(here, who, address_of(request), request, name, password)
        except Unavailable:
            raise
        except ChatError as error:
            return refused(request, "register", form, error, who)
        return onwards(request)
    return form_page(request, "register", form, who)


@account_page("login", LoginForm)
async def log_in(request: HttpRequest) -> HttpResponse:
    here, who = process.current(), await asker(request)
    if request.method != "POST" and _is_account(who):
        return onwards(request)
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        try:
            fits = await accounts.log_in(here, who, address_of(request), request, name, password)
        except RateLimited as error:
            return refused(request, "login", form, error, who)
        if fits:
            return onwards(request)
        form.refuse()
    return form_page(request, "login", form, who)


@account_page("password", PasswordForm)
async def change_password(request: HttpRequest) -> HttpResponse:
    here, who = process.current(), await asker(request)
    user: Any = await in_database(get_user, request)
    if not user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('chat:login')}?next={reverse('chat:password')}")
    form = PasswordForm(request.POST or None, user=user, name="" if who is None else who.author.name)
    if request.method == "POST" and await in_database(form.is_valid):
        present, new = form.cleaned_data["present"], form.cleaned_data["password"]
        try:
            fits = await accounts.change_password(here, who, request, user, present, new)
        except RateLimited as error:
            return refused(request, "password", form, error, who)
        if fits:
            return onwards(request)
        form.refuse()
    return form_page(request, "password", form, who)


def _is_account(who: Identity | None) -> bool:
    return who is not None and not who.author.guest
