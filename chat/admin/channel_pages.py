"""The pages of one channel beside its form: its messages, and what is asked twice."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern
from django.utils.translation import gettext, ngettext

from chat.admin.live import LiveAdmin, is_in_the_chat, live_note, moment
from chat.domain import Message
from chat.errors import ChatError, Unavailable
from chat.models import Channel
from chat.services import moderation
from chat.services.moderation import Held
from chat.services.threads import in_chat


class ChannelPages(LiveAdmin):
    """``archive_all`` and ``clear_one`` are for the list's actions, too."""

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
        held = self._held(request, channel, number)
        context = {
            **live_note(request),
            "channel": channel,
            "title": gettext("Messages of %s") % channel,
            "rows": [] if held is None else [_row(one, held) for one in held.page.messages],
            "known": held is not None,
            "more": held is not None and held.page.more,
            "newest": number is None,
            "can_change": self.has_change_permission(request, channel),
        }
        return self.page(request, "admin/chat/channel/messages.html", context)

    def _held(self, request: HttpRequest, channel: Channel, before: int | None) -> Held | None:
        """None where they cannot be asked for; the page says why."""
        if not is_in_the_chat(request):
            return None
        try:
            return in_chat(lambda runtime: moderation.held_messages(runtime, channel.room, before))
        except Unavailable as error:
            self.message_user(request, error.detail, messages.WARNING)
            return None

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
            self.clear_one(request, channel)
            return HttpResponseRedirect(self.address_of(channel))
        self.try_to_fill_in(request, [channel])
        return self.confirm(
            request,
            channel,
            title=gettext("Clear this channel?"),
            warning=self.clear_warning(),
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
            self.archive_all(
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

    # --- acts ---------------------------------------------------------------------------------------

    def archive_all(self, request: HttpRequest, queryset: QuerySet[Channel], archived: bool) -> None:
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

    def clear_one(self, request: HttpRequest, channel: Channel) -> None:
        by = request.user.get_username()
        try:
            in_chat(lambda runtime: moderation.clear_room(runtime, by, channel.room))
        except ChatError as error:
            self.message_user(request, f"{channel}: {error.detail}", messages.ERROR)
            return
        self.log_change(request, channel, "Cleared: all messages dropped.")
        self.message_user(request, gettext("“%s” was cleared.") % channel, messages.SUCCESS)

    @staticmethod
    def clear_warning() -> str:
        return gettext(
            "All its messages go, for everybody and for good. Who is in it sees it empty at once. "
            "The channel itself, its address and its people stay."
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
