"""Where things are: the chat at the root, the admin beside it."""

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import include, path, reverse


def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask here for pages that name no icon, such as the admin's."""
    return HttpResponseRedirect(static("favicon.svg"))


def admin_login(request: HttpRequest) -> HttpResponse:
    """On the site's page, which bounds attempts: the admin's own takes any number."""
    index = reverse("admin:index")
    if admin.site.has_permission(request):
        return HttpResponseRedirect(index)
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next") or index)


handler400 = "chitchat_site.errors.bad_request"
handler403 = "chitchat_site.errors.forbidden"
handler404 = "chitchat_site.errors.not_found"
handler500 = "chitchat_site.errors.server_error"

urlpatterns = [
    path("favicon.ico", favicon),
    path("admin/login/", admin_login),
    path("admin/", admin.site.urls),
    path("", include("chat.urls")),
]
