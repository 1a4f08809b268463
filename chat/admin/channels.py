"""Channels: what is in them, and clearing, archiving and renaming them."""

from time import time_ns
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat import conf
from chat.admin.channel_pages import ChannelPages
from chat.admin.live import UNKNOWN, is_in_the_chat, moment, titled
from chat.errors import ChatError
from chat.models import Channel, Person
from chat.services import moderation
from chat.services.moderation import Overview
from chat.services.threads import in_chat
from chat.text import clean_line

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Channel]
else:
    ModelForm = forms.ModelForm


class ChannelForm(ModelForm):
    """Names are judged, and the one of somebody else's channel refused, as for everybody."""

    class Meta:
        widgets = {"topic": AdminTextInputWidget(attrs={"class": "vLargeTextField"})}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not self.instance._state.adding and name == self.instance.name:
            return name
        try:
            return moderation.check_channel_name(name, self.instance.pk)
        except ChatError as error:
            raise ValidationError(error.detail, code=error.code) from None

    def clean_topic(self) -> str:
        limit = conf.get().LIMITS.topic_characters
        try:
            return clean_line(self.cleaned_data["topic"], limit=limit)
        except ChatError as error:
            raise ValidationError(error.detail, code=error.code) from None


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("open")), ("private", _("by invitation")), ("archived", _("archived"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Channel]) -> QuerySet[Channel]:
        if self.value() == "archived":
            return queryset.exclude(archived_at=None)
        if self.value() in ("open", "private"):
            return queryset.filter(archived_at=None, private=self.value() == "private")
        return queryset


@admin.register(Channel)
class ChannelAdmin(ChannelPages):
    form = ChannelForm
    list_display = ("name", "messages_held", "people_here", "last_activity", "maker", "made", "state")
    list_filter = (
        StateFilter,
        ("keeps", titled(admin.ChoicesFieldListFilter, _("what it keeps"))),
        ("created_at", titled(admin.DateFieldListFilter, _("when it was made"))),
    )
    list_select_related = ("maker",)
    search_fields = ("name", "slug", "topic", "maker__name")
    search_help_text = _("Name, address, topic, or who made it")
    ordering = ("name",)
    actions = ("archive", "unarchive", "clear")
    fields = ("name", "topic")
    readonly_fields = (
        "slug",
        "messages_held",
        "people_here",
        "last_activity",
        "maker",
        "created_at",
        "changed_at",
        "private",
        "keeps",
        "archived_at",
    )

    def get_fields(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        return self.fields if obj is None else (*self.fields, *self.readonly_fields)

    # --- live -----------------------------------------------------------------------------------

    def fill_in(self, rows: list[Channel]) -> None:
        rooms = [row.room for row in rows]
        found = in_chat(lambda runtime: moderation.overview(runtime, rooms))
        for row in rows:
            row.live = found[row.room]  # type: ignore[attr-defined]

    @admin.display(description=_("messages"))
    def messages_held(self, channel: Channel) -> int | str:
        live: Overview | None = getattr(channel, "live", None)
        return UNKNOWN if live is None else live.held

    @admin.display(description=_("here now"))
    def people_here(self, channel: Channel) -> int | str:
        live: Overview | None = getattr(channel, "live", None)
        return UNKNOWN if live is None else live.here

    @admin.display(description=_("last activity"))
    def last_activity(self, channel: Channel) -> str | None:
        live: Overview | None = getattr(channel, "live", None)
        if live is None:
            return UNKNOWN
        if live.active_at is None:
            return None
        at = moment(live.active_at)
        return date_format(at, "j M, H:i" if at.year == moment(time_ns() // 1_000_000).year else "j M Y")

    @admin.display(description=_("made"), ordering="created_at")
    def made(self, channel: Channel) -> str:
        made = channel.created_at
        return date_format(localtime(made) if is_aware(made) else made, "j M Y")

    @admin.display(description=_("state"), ordering="archived_at")
    def state(self, channel: Channel) -> str:
        if channel.archived_at is not None:
            return gettext("archived")
        return gettext("by invitation") if channel.private else gettext("open")

    # --- changing -------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        by = request.user.get_username()
        if not change:
            maker = Person.objects.filter(user__pk=request.user.pk or 0, ended_at=None).first()
            saved = moderation.make_channel(by, maker, obj.name, obj.topic)
        elif form.changed_data:
            fields = {field: form.cleaned_data[field] for field in form.changed_data}
            saved = moderation.change_channel(by, obj.room, **fields)
        else:
            return
        obj.pk = saved.pk
        obj.refresh_from_db()

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self.archive_all(request, queryset, True)

    @admin.action(description=_("Open again"), permissions=["change"])
    def unarchive(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self.archive_all(request, queryset, False)

    @admin.action(description=_("Clear …"), permissions=["change"])
    def clear(self, request: HttpRequest, queryset: QuerySet[Channel]) -> HttpResponse | None:
        """Several at once, after a page that names them."""
        if not is_in_the_chat(request):
            raise PermissionDenied(gettext("The chat does not run in the process that answered."))
        chosen = list(queryset)
        if request.POST.get("confirmed") == "yes":
            for channel in chosen:
                self.clear_one(request, channel)
            return None
        self.try_to_fill_in(request, chosen)
        context = {
            "back": reverse(f"{self.admin_site.name}:chat_channel_changelist"),
            "title": gettext("Clear channels?"),
            "warning": self.clear_warning(),
            "verb": gettext("Clear them"),
            "channels": chosen,
            "action_name": "clear",
        }
        return self.page(request, "admin/chat/confirm.html", context)
