"""`bin/run --demo`: channels with a conversation in them."""

from typing import Any

from chat.services import demo, process


class Demo:
    """Lets nobody in before the channels are filled: they live in the memory of the process that serves."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await demo.filled(process.current())
        await self._application(scope, receive, send)
