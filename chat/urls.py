"""The app's addresses. A host includes them where it likes."""

from django.urls import path

from chat.views import accounts, channels, files, health, names, pages

app_name = "chat"

urlpatterns = [
    path("", pages.home, name="home"),
    path("c/<slug:slug>/", pages.room, name="room"),
    path("d/<slug:chat>/", pages.direct, name="direct"),
    path("name/", names.choose_name, name="name"),
    path("name/check/", names.check_name, name="name-check"),
    path("channels/", channels.create, name="channels"),
    path("channels/check/", channels.check_name, name="channels-check"),
    path("logout/", names.log_out, name="logout"),
    path("account/register/", accounts.register, name="register"),
    path("account/login/", accounts.log_in, name="login"),
    path("account/password/", accounts.change_password, name="password"),
    path("files/", files.upload, name="files"),
    path("files/<slug:attachment_id>/", files.remove, name="file-remove"),
    path("files/<slug:attachment_id>/<str:name>", files.serve, name="file"),
    path("healthz", health.alive, name="alive"),
    path("readyz", health.ready, name="ready"),
]
