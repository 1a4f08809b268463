"""The example site's, and pages of the host's own to register and to log in."""

from django.contrib.auth import get_user_model, login
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path
from django.views.decorators.http import require_POST


@require_POST
def register(request: HttpRequest) -> HttpResponse:
    user = get_user_model().objects.create_user(
        request.POST["email"], request.POST["password"], born=request.POST["born"]
    )
    login(request, user)
    return HttpResponseRedirect("/")


urlpatterns = [
    path("members/register/", register),
    path("members/login/", LoginView.as_view(next_page="/", template_name="admin/login.html")),
    path("", include("chitchat_site.urls")),
]
