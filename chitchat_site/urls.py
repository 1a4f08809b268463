"""Where things are: the chat at the root, the admin beside it."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import include, path


def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask here for pages that name no icon, such as the admin's."""
    return HttpResponseRedirect(static("favicon.svg"))


handler400 = "chitchat_site.errors.bad_request"
handler403 = "chitchat_site.errors.forbidden"
handler404 = "chitchat_site.errors.not_found"
handler500 = "chitchat_site.errors.server_error"

urlpatterns = [
    path("favicon.ico", favicon),
    path("admin/", admin.site.urls),
    path("", include("chat.urls")),
]
