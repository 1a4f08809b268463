"""Accounts for tests: what people do on the account pages, as their browser sends it."""

from typing import Any

from people import Site, Visitor

PASSWORD = "correct horse battery"
OTHER_PASSWORD = "staple of another colour"


async def register(visitor: Visitor, name: str, password: str = PASSWORD, **fields: str) -> Any:
    """The answer to the form; a redirect when it worked."""
    fields = {"name": name, "password": password, "again": password, **fields}
    return await visitor.http.post("/account/register/", fields)


async def log_in(visitor: Visitor, name: str, password: str = PASSWORD, **fields: str) -> Any:
    return await visitor.http.post("/account/login/", {"name": name, "password": password, **fields})


async def change_password(visitor: Visitor, present: str = PASSWORD, new: str = OTHER_PASSWORD) -> Any:
    fields = {"present": present, "password": new, "again": new}
    return await visitor.http.post("/account/password/", fields)


async def account(site: Site, name: str) -> Visitor:
    """Somebody who has registered in this browser."""
    visitor = await site.visitor()
    assert (await register(visitor, name)).status_code == 302
    visitor.me = await me(visitor)
    return visitor


async def at_another_device(site: Site, name: str, password: str = PASSWORD) -> Visitor:
    """A browser in which somebody has logged in to an account that there is."""
    visitor = await site.visitor()
    assert (await log_in(visitor, name, password)).status_code == 302
    visitor.me = await me(visitor)
    return visitor


async def me(visitor: Visitor) -> Any:
    """Whom the page takes this browser for; None for a visitor without a name."""
    return (await visitor.http.get("/c/general-talk/")).context["me"]


def session_key(visitor: Visitor) -> str:
    key: str = visitor.http.cookies["sessionid"].value
    return key
