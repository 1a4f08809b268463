"""Attachments: what was uploaded, by whom, and what has become of it. Looked at, and removed while unsent."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.domain import RoomKind
from chat.models import Attachment
from chat.services import releases

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Attachment]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(Attachment)
class AttachmentAdmin(ModelAdmin):
    """A sent one goes with its message, which is removed on the page of its channel: the message would
    otherwise promise a file that nobody gets."""

    list_display = ("name", "preview", "type", "length", "state", "uploader", "room", "created_at")
    list_filter = ("state", "type", "created_at")
    list_select_related = ("uploader",)
    search_fields = ("name", "id__exact", "room", "uploader__name")
    search_help_text = _("Name, room, who uploaded it, or the whole id")
    ordering = ("-created_at",)
    fields = (
        *("name", "preview", "id", "type", "length", "width", "height"),
        *("state", "uploader", "room", "message", "created_at", "changed_at"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attachment]:
        """Those of channels. What two people send each other is theirs alone, its names included."""
        return super().get_queryset(request).exclude(room__startswith=f"{RoomKind.DIRECT}:")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Attachment | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Attachment | None = None) -> bool:
        sent = obj is not None and obj.state == Attachment.State.SENT
        return not sent and super().has_delete_permission(request, obj)

    # --- removing -------------------------------------------------------------------------------

    def delete_model(self, request: HttpRequest, obj: Attachment) -> None:
        self.delete_queryset(request, Attachment.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Attachment]) -> None:
        """Those that no message has. One that was sent between the question and the answer stays."""
        for row in queryset.exclude(state=Attachment.State.SENT):
            unsent = Attachment.objects.filter(pk=row.pk).exclude(state=Attachment.State.SENT)
            releases.release(unsent)
            if unsent.exists():
                releases.discard(row)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Of several that were chosen, the sent ones are protected, and the page says so."""
        objects, counts, needed, protected = super().get_deleted_objects(objs, request)
        sent = [str(one) for one in objs if one.state == Attachment.State.SENT]
        return objects, counts, needed, [*protected, *sent]

    # --- showing --------------------------------------------------------------------------------

    @admin.display(description=_("size"), ordering="size")
    def length(self, row: Attachment) -> str:
        return filesizeformat(row.size)

    @admin.display(description=_("preview"))
    def preview(self, row: Attachment) -> SafeString | str:
        if row.width is None:
            return ""
        address = reverse(f"{self.admin_site.name}:chat_attachment_preview", args=[quote(row.pk)])
        alt = gettext("Preview of %s") % row.name
        return format_html('<img src="{}" alt="{}" height="48" loading="lazy">', address, alt)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        return [
            path("<str:attachment_id>/preview/", view, name="chat_attachment_preview"),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest, attachment_id: str) -> HttpResponse:
        """The small picture of an image, or the image when it is small: what we wrote ourselves."""
        row = self.get_object(request, unquote(attachment_id))
        if row is None or row.width is None:
            raise Http404(gettext("There is no such picture."))
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        field = row.thumbnail or row.file
        try:
            with field.open() as file:
                content = file.read()
        except OSError:
            raise Http404(gettext("The file is gone.")) from None
        headers = {
            "Cache-Control": "private, no-cache",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        kind = "image/webp" if row.thumbnail else row.type
        return HttpResponse(content, content_type=kind, headers=headers)
