"""People: who they are, where they are connected, their sessions."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from chat import conf
from chat.admin.live import UNKNOWN, LiveAdmin, is_in_the_chat, titled
from chat.errors import ChatError
from chat.models import Person
from chat.services import moderation
from chat.services.moderation import Place
from chat.services.people import judge_name
from chat.services.threads import in_chat

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Person]
else:
    ModelForm = forms.ModelForm


class KindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("guest", _("guests")), ("account", _("accounts")), ("left", _("who have left"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Person]) -> QuerySet[Person]:
        if self.value() == "left":
            return queryset.exclude(ended_at=None)
        if self.value() in ("guest", "account"):
            return queryset.filter(ended_at=None, user__isnull=self.value() == "guest")
        return queryset


class ConnectedFilter(admin.SimpleListFilter):
    title = _("connected")
    parameter_name = "connected"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("now"))] if is_in_the_chat(request) else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Person]) -> QuerySet[Person]:
        if self.value() != "1":
            return queryset
        return queryset.filter(pk__in=list(in_chat(moderation.connected)))


class PersonForm(ModelForm):
    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        try:
            return judge_name(conf.get(), name).name
        except ChatError as error:
            raise ValidationError(error.detail, code=error.code) from None


@admin.register(Person)
class PersonAdmin(LiveAdmin):
    form = PersonForm
    change_form_template = "admin/chat/person/change_form.html"
    list_display = ("name", "kind", "connections", "created_at", "seen_at", "ended_at")
    list_filter = (
        KindFilter,
        ConnectedFilter,
        ("created_at", titled(admin.DateFieldListFilter, _("when first seen"))),
        ("seen_at", titled(admin.DateFieldListFilter, _("when last seen"))),
    )
    list_select_related = ("user",)
    search_fields = ("name", "id__exact")
    search_help_text = _("Name, or the whole id")
    ordering = ("-seen_at",)
    fields = ("name", "id", "kind", "user", "created_at", "seen_at", "ended_at", "connections")
    readonly_fields = ("id", "kind", "user", "created_at", "seen_at", "ended_at", "connections")
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a person is who chose a name in a browser

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> Any:
        # Who has left has given the name back: somebody else may have it.
        left = obj is not None and obj.ended_at is not None
        return ("name", *self.readonly_fields) if left else self.readonly_fields

    def fill_in(self, rows: list[Person]) -> None:
        found = in_chat(moderation.connected)
        for row in rows:
            row.live = found.get(row.pk, [])  # type: ignore[attr-defined]

    @admin.display(description=_("kind"), ordering="user")
    def kind(self, person: Person) -> str:
        return gettext("guest") if person.user_id is None else gettext("account")

    @admin.display(description=_("connected now"))
    def connections(self, person: Person) -> str:
        places: list[Place] | None = getattr(person, "live", None)
        if places is None:
            return UNKNOWN
        if not places:
            return gettext("no")
        return ngettext("%d connection", "%d connections", len(places)) % len(places)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if (person := context.get("original")) is not None:
            context.update(self._sessions(request, person))
        return super().render_change_form(request, context, *args, **kwargs)

    def _sessions(self, request: HttpRequest, person: Person) -> dict[str, Any]:
        """Where the person is connected, and the sessions that are known."""
        sessions = moderation.sessions_of(person.pk)
        places = in_chat(moderation.connected).get(person.pk, []) if is_in_the_chat(request) else []
        rooms: dict[str, list[str | None]] = {one.name: [] for one in sessions.found}
        for place in places:
            rooms.setdefault(place.session, []).append(place.room)
        known = {one.name: one for one in sessions.found}
        may_end = (
            person.ended_at is None
            and self.has_change_permission(request, person)
            and is_in_the_chat(request)
        )
        return {
            "sessions": [
                {"name": name, "state": known.get(name), "rooms": where} for name, where in rooms.items()
            ],
            "sessions_complete": sessions.complete,
            "looked_at": moderation.SESSIONS_LOOKED_AT,
            "end_address": self.address_of(person, "end") if may_end else "",
        }

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        if "name" in form.changed_data:
            moderation.rename_person(request.user.get_username(), obj.pk, obj.name)
            obj.refresh_from_db()

    def get_urls(self) -> list[URLPattern]:
        return [self.route("<path:object_id>/end/", self.end_view, "end"), *super().get_urls()]

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        person = self.obj_or_404(request, object_id)
        self.require_change(request, person)
        if request.method == "POST":
            try:
                moderation.end_sessions(request.user.get_username(), person.pk)
            except ChatError as error:
                self.message_user(request, error.detail, messages.WARNING)
            else:
                self.log_change(request, person, "Ended all sessions.")
                self.message_user(request, gettext("“%s” was logged out.") % person, messages.SUCCESS)
            return HttpResponseRedirect(self.address_of(person))
        guest = gettext("Every tab closes now, and the name is free for others. What was written stays.")
        account = gettext("Every tab closes now. The account stays, and can log in again.")
        return self.confirm(
            request,
            person,
            title=gettext("Log this person out everywhere?"),
            warning=guest if person.user_id is None else account,
            verb=gettext("Log them out"),
        )
