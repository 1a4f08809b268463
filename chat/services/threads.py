"""From a worker thread into the chat of this process: Django's admin and its signals are sync."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from asgiref.sync import async_to_sync
from django.db import transaction

from chat.services.process import current
from chat.services.runtime import Runtime

T = TypeVar("T")


def in_chat(work: Callable[[Runtime], Awaitable[T]]) -> T:
    """Let the chat of this process do something, and wait for it. Called in a worker thread.

    Under ASGI the work is done on the server's own event loop, where the connections are. Without ASGI
    there is no such loop, and it is done in a chat of its own that nobody is in.
    """

    async def do() -> T:
        runtime = current()
        try:
            return await work(runtime)
        finally:
            await runtime.rest()

    return async_to_sync(do)()


def when_committed(work: Callable[[Runtime], Awaitable[object]]) -> None:
    """Tell the chat when the change is committed, not before: who looks at the news must find it there.

    What cannot be told is logged and undoes nothing: everybody is asked about again within 30 s.
    """

    def tell() -> None:
        in_chat(work)

    transaction.on_commit(tell, robust=True)
