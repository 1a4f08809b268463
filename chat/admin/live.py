"""What the pages of channels and of people have in common: what is live, acts that are asked twice."""

from abc import ABCMeta, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import MediaDefiningClass
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext

from chat.errors import ChatError, Unavailable
from chat.services.runtime import Runtime
from chat.services.threads import in_chat

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

UNKNOWN = "?"


def is_in_the_chat(request: HttpRequest) -> bool:
    """Whether this request is served by a process where people can be connected, which is ASGI only."""
    return hasattr(request, "scope")


def titled(kind: type[admin.FieldListFilter], title: Any) -> type[admin.FieldListFilter]:
    """A filter by a field, under another title than the field's name."""

    class Titled(kind):  # type: ignore[valid-type,misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = title

    return Titled


def moment(ms: int) -> datetime:
    """Unix ms as a time in the site's zone."""
    return timezone.localtime(datetime.fromtimestamp(ms / 1000, tz=UTC))


async def _scope_of(runtime: Runtime) -> dict[str, Any]:
    return {"in_process": runtime.store.in_process, "connections": runtime.relay.connections}


def live_note(request: HttpRequest) -> dict[str, Any]:
    """What the numbers on the page speak of, for ``admin/chat/_live.html``."""
    if not is_in_the_chat(request):
        return {"live": False}
    return {"live": True, **in_chat(_scope_of)}


class _Abstract(ABCMeta, MediaDefiningClass):
    """A page without one of its methods is noticed when it is registered."""


class LiveAdmin(ModelAdmin, metaclass=_Abstract):
    """What both have in common: nothing is deleted, acts are logged, refusals are words."""

    change_list_template = "admin/chat/change_list.html"

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, {**live_note(request), **(extra_context or {})})
        if isinstance(response, TemplateResponse) and is_in_the_chat(request):
            # Rows are filled in once for the page, before it is rendered.
            changelist = (response.context_data or {}).get("cl")
            self.try_to_fill_in(request, [] if changelist is None else list(changelist.result_list))
        return response

    def try_to_fill_in(self, request: HttpRequest, rows: list[Any]) -> None:
        """``fill_in``; when what is live cannot be asked the page says so, and is the same otherwise."""
        try:
            self.fill_in(rows)
        except Unavailable as error:
            self.message_user(request, error.detail, messages.WARNING)

    @abstractmethod
    def fill_in(self, rows: list[Any]) -> None:
        """Give each row its ``live`` state. Raises ``Unavailable``."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = {**live_note(request), **(extra_context or {})}
        try:
            response = super().changeform_view(request, object_id, form_url, extra)
        except ChatError as error:
            # Somebody was quicker between the form's check and the claim.
            self.message_user(request, error.detail, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        if isinstance(response, TemplateResponse) and is_in_the_chat(request):
            # Here, and not while the form is made: that is inside a transaction, which the chat's own
            # questions to the database must not come into.
            obj = (response.context_data or {}).get("original")
            self.try_to_fill_in(request, [] if obj is None else [obj])
        return response

    def obj_or_404(self, request: HttpRequest, object_id: str) -> Any:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404("There is no such object.")
        return obj

    def require_change(self, request: HttpRequest, obj: models.Model) -> None:
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        if not is_in_the_chat(request):
            raise PermissionDenied(gettext("The chat does not run in the process that answered."))

    def confirm(self, request: HttpRequest, obj: models.Model, **context: Any) -> TemplateResponse:
        """A page that asks whether this is really meant; its form posts to its own address."""
        asked = {"object": obj, "back": self.address_of(obj), **context}
        return self.page(request, "admin/chat/confirm.html", asked)

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        """A page of our own, in the admin's frame."""
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, template, {**frame, **context})

    def address_of(self, obj: models.Model, page: str = "change") -> str:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=[quote(obj.pk)])

    def route(self, where: str, view: Any, page: str) -> URLPattern:
        name = f"{self.opts.app_label}_{self.opts.model_name}_{page}"
        found: URLPattern = path(where, self.admin_site.admin_view(view), name=name)
        return found
