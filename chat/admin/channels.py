"""Channels: what is in them, and clearing, archiving and renaming them."""

from time import time_ns
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.formats import date_format
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from chat import conf
from chat.admin.live import UNKNOWN, LiveAdmin, is_in_the_chat, live_note, moment, titled
from chat.domain import Message
from chat.errors import ChatError
from chat.models import Channel, Person
from chat.services import moderation
from chat.services.moderation import Held, Overview
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
class ChannelAdmin(LiveAdmin):
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
        self._archive(request, queryset, True)

    @admin.action(description=_("Open again"), permissions=["change"])
    def unarchive(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self._archive(request, queryset, False)

    def _archive(self, request: HttpRequest, queryset: QuerySet[Channel], archived: bool) -> None:
        done = 0
        words = "Archived." if archived else "Opened again."
        for channel in queryset.filter(archived_at__isnull=archived):
            try:
                moderation.archive_channel(request.user.get_username(), channel.room, archived)
            except ChatError as error:
                self.message_user(request, f"{channel}: {error.detail}", messages.ERROR)
                continue
            self.log_change(request, channel, words)
            done += 1
        told = (
            ngettext("%d channel was archived.", "%d channels were archived.", done)
            if archived
            else ngettext("%d channel was opened again.", "%d channels were opened again.", done)
        )
        self.message_user(request, told % done, messages.SUCCESS if done else messages.WARNING)

    @admin.action(description=_("Clear …"), permissions=["change"])
    def clear(self, request: HttpRequest, queryset: QuerySet[Channel]) -> HttpResponse | None:
        """Several at once, after a page that names them."""
        if not is_in_the_chat(request):
            raise PermissionDenied(gettext("The chat does not run in the process that answered."))
        chosen = list(queryset)
        if request.POST.get("confirmed") == "yes":
            for channel in chosen:
                self._clear(request, channel)
            return None
        self.fill_in(chosen)
        context = {
            "back": reverse(f"{self.admin_site.name}:chat_channel_changelist"),
            "title": gettext("Clear channels?"),
            "warning": self._clear_warning(),
            "verb": gettext("Clear them"),
            "channels": chosen,
            "action_name": "clear",
        }
        return self.page(request, "admin/chat/confirm.html", context)

    def _clear(self, request: HttpRequest, channel: Channel) -> None:
        by = request.user.get_username()
        in_chat(lambda runtime: moderation.clear_room(runtime, by, channel.room))
        self.log_change(request, channel, "Cleared: all messages dropped.")
        self.message_user(request, gettext("“%s” was cleared.") % channel, messages.SUCCESS)

    @staticmethod
    def _clear_warning() -> str:
        return gettext(
            "All its messages go, for everybody and for good. Who is in it sees it empty at once. "
            "The channel itself, its address and its people stay."
        )

    # --- pages of one channel ---------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        return [
            self.route("<path:object_id>/messages/", self.messages_view, "messages"),
            self.route(
                "<path:object_id>/messages/<str:message_id>/remove/", self.remove_message_view, "remove"
            ),
            self.route("<path:object_id>/clear/", self.clear_view, "clear"),
            self.route("<path:object_id>/archive/", self.archive_view, "archive"),
            *super().get_urls(),
        ]

    def messages_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The held messages of a channel, as text."""
        channel = self.obj_or_404(request, object_id)
        if not self.has_view_or_change_permission(request, channel):
            raise PermissionDenied
        before = request.GET.get("before", "")
        number = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None
        held = (
            in_chat(lambda runtime: moderation.held_messages(runtime, channel.room, number))
            if is_in_the_chat(request)
            else None
        )
        context = {
            **live_note(request),
            "channel": channel,
            "title": gettext("Messages of %s") % channel,
            "rows": [] if held is None else [_row(one, held) for one in held.page.messages],
            "more": held is not None and held.page.more,
            "newest": number is None,
            "can_change": self.has_change_permission(request, channel),
        }
        return self.page(request, "admin/chat/channel/messages.html", context)

    def remove_message_view(self, request: HttpRequest, object_id: str, message_id: str) -> HttpResponse:
        channel = self.obj_or_404(request, object_id)
        self.require_change(request, channel)
        back = self.address_of(channel, "messages")
        try:
            held = in_chat(lambda runtime: runtime.store.get(channel.room, message_id))
            if request.method == "POST":
                by = request.user.get_username()
                in_chat(lambda runtime: moderation.remove_message(runtime, by, channel.room, message_id))
                # Who wrote it, and not what: what was removed must not live on here.
                self.log_change(request, channel, f"Removed message {held.n} of {held.author.name}.")
                self.message_user(request, gettext("The message was removed."), messages.SUCCESS)
                return HttpResponseRedirect(back)
        except ChatError as error:
            self.message_user(request, error.detail, messages.WARNING)
            return HttpResponseRedirect(back)
        return self.confirm(
            request,
            channel,
            title=gettext("Remove this message?"),
            warning=gettext("Its text goes, for everybody and for good. Its place in the numbering stays."),
            verb=gettext("Remove it"),
            message={"author": held.author.name, "at": moment(held.ts), "body": held.body},
            back=back,
        )

    def clear_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        channel = self.obj_or_404(request, object_id)
        self.require_change(request, channel)
        if request.method == "POST":
            self._clear(request, channel)
            return HttpResponseRedirect(self.address_of(channel))
        self.fill_in([channel])
        return self.confirm(
            request,
            channel,
            title=gettext("Clear this channel?"),
            warning=self._clear_warning(),
            verb=gettext("Clear it"),
            channels=[channel],
        )

    def archive_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Archive, or open again what is archived."""
        channel = self.obj_or_404(request, object_id)
        if not self.has_change_permission(request, channel):
            raise PermissionDenied
        archived = channel.archived_at is not None
        if request.method == "POST":
            # What the person saw, not what somebody else has done since.
            self._archive(
                request, Channel.objects.filter(pk=channel.pk), request.POST.get("archived") != "True"
            )
            return HttpResponseRedirect(self.address_of(channel))
        closing = gettext(
            "It can be read at its address and not written to. It leaves all lists; its name stays taken."
        )
        opening = gettext("It is in everybody's list again, and can be written to.")
        return self.confirm(
            request,
            channel,
            title=gettext("Open this channel again?") if archived else gettext("Archive this channel?"),
            warning=opening if archived else closing,
            verb=gettext("Open it again") if archived else gettext("Archive it"),
            archived=archived,
        )


def _row(message: Message, held: Held) -> dict[str, Any]:
    """A message as the template shows it."""
    return {
        "id": message.id,
        "n": message.n,
        "author": message.author.name,
        "author_id": message.author.id,
        "author_now": held.names.get(message.author.id, ""),
        "at": moment(message.ts),
        "body": message.body,
        "edited": moment(message.edited_at) if message.edited_at else None,
        "deleted": bool(message.deleted),
        "answers": message.reply_to.author.name if message.reply_to else "",
        "reactions": [(one.emoji, one.count) for one in message.reactions],
    }
