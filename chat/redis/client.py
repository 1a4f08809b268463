"""One connection to Redis for a process and event loop, shared by everything that asks Redis.

Calls are a group commit, as in the relay: one batch is under way at a time, what comes meanwhile goes
together in the next. So a process has one connection however many people it serves, a cancelled caller never
leaves a reply unread, and a thousand calls are a few round trips.

Nothing is retried: a call that gets no answer in time is ``Unavailable``, and the next one connects again.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Sequence
from contextvars import Context
from pathlib import Path
from typing import Any, Final, NamedTuple

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from chat.errors import Unavailable

logger = logging.getLogger(__name__)

# Seconds until a call that has no answer is given up.
TIMEOUT: Final = 2.0
# Calls that share a round trip. More would let the first ones wait for the last.
BATCH: Final = 256

Argument = str | bytes | int | float


class Script(NamedTuple):
    """A Lua script, and the name by which Redis knows it once it has seen it."""

    text: str
    sha: str


def script(*files: Path) -> Script:
    """The script in these files, one after the other."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


_BEGIN: Final = script(Path(__file__).parent / "lua" / "begin.lua")


class _Call(NamedTuple):
    command: tuple[Argument, ...]
    answer: "asyncio.Future[Any]"


class Client:
    """See the module. ``prefix`` begins every key; two sites may share one Redis under two prefixes.

    Every method raises ``Unavailable`` within ``timeout`` seconds when Redis does not answer. Whether a call
    that was under way was carried out is then unknown, as with any network.
    """

    def __init__(self, url: str, prefix: str = "chat:", *, timeout: float = TIMEOUT) -> None:
        self.prefix = prefix
        self.problem = ""
        # Which Redis it is, and whether it has each write that was answered, after a restart too.
        self._run = ("", 0)
        self.timeout = timeout
        self._waiting: list[_Call] = []
        self._sender: asyncio.Task[None] | None = None
        self._pool = ConnectionPool.from_url(
            url,
            protocol=2,
            decode_responses=False,
            max_connections=1,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            redis_connect_func=self._greet,
        )
        self._redis = Redis(connection_pool=self._pool)

    async def run(self, script: Script, *arguments: Argument) -> Any:
        """Run a script: one atomic step. It finds the prefix in ``KEYS[1]``.

        The answer is as Redis gives it: ``bytes``, ``int``, ``None``, lists of those.
        """
        rest = (1, self.prefix, *arguments)
        try:
            return await self._evaluate(script, rest)
        except ResponseError as error:
            if not str(error).startswith("NOEPOCH"):
                raise _unavailable(error) from error
        # Somebody emptied Redis while we were connected.
        await self.command(*self._beginning())
        return await self.command("EVAL", script.text, *rest)

    async def _evaluate(self, script: Script, rest: tuple[Argument, ...]) -> Any:
        try:
            return await self._ask("EVALSHA", script.sha, *rest)
        except NoScriptError:
            return await self._ask("EVAL", script.text, *rest)

    async def command(self, *command: Argument) -> Any:
        """One command. Its answer is as Redis gives it."""
        try:
            return await self._ask(*command)
        except ResponseError as error:
            raise _unavailable(error) from error

    async def check(self) -> None:
        """Raises ``Unavailable`` when Redis does not answer, or may throw away what it was given."""
        await self.command("PING")
        if self.problem:
            raise Unavailable(self.problem)

    async def close(self) -> None:
        """Let go of the connection. Twice is harmless; the next call would connect again."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        _fail(self._waiting, asyncio.CancelledError())
        self._waiting.clear()
        await self._redis.aclose()
        await self._pool.disconnect()

    # --- calls -----------------------------------------------------------------------------------

    async def _ask(self, *command: Argument) -> Any:
        loop = asyncio.get_running_loop()
        call = _Call(command, loop.create_future())
        self._waiting.append(call)
        if self._sender is None or self._sender.done():
            # In a context of its own: it outlives whoever happened to come first.
            self._sender = loop.create_task(self._send(), context=Context())
        try:
            async with asyncio.timeout(self.timeout):
                return await call.answer
        except TimeoutError as error:
            raise _unavailable(error) from error

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            # Who has given up meanwhile does not want it done any more.
            batch = [call for call in batch if not call.answer.done()]
            if batch:
                await self._send_batch(batch)

    async def _send_batch(self, batch: Sequence[_Call]) -> None:
        try:
            async with asyncio.timeout(self.timeout):
                pipeline = self._redis.pipeline(transaction=False)
                for call in batch:
                    pipeline.execute_command(*call.command)
                answers: list[Any] = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            _fail(batch, error)
            await self._pool.disconnect()
            return
        except BaseException as error:
            _fail(batch, error)
            raise
        for call, answer in zip(batch, answers, strict=True):
            if call.answer.done():
                continue
            if isinstance(answer, ResponseError):
                call.answer.set_exception(answer)
            elif isinstance(answer, Exception):
                call.answer.set_exception(_unavailable(answer))
            else:
                call.answer.set_result(answer)

    # --- a new connection ------------------------------------------------------------------------

    async def _greet(self, connection: AbstractConnection) -> None:
        """Before anything else is asked on a connection: is this the Redis that we know?

        No connection outlives a Redis, and none asks anything before this: so nobody sees what a Redis that
        came back has, before its epoch says that it may be older.
        """
        try:
            await connection.on_connect()
            await self._begin(connection)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise

    async def _begin(self, connection: AbstractConnection) -> None:
        server = _fields(await _say(connection, "INFO", "server"))
        memory = _fields(await _say(connection, "INFO", "memory"))
        replication = _fields(await _say(connection, "INFO", "replication"))
        durable = await _is_durable(connection) and not _has_taken_over(replication)
        self.problem = _eviction(memory)
        if self.problem:
            logger.warning("%s", self.problem)
        self._run = (server["run_id"], int(durable))
        await _say(connection, *self._beginning())

    def _beginning(self) -> tuple[Argument, ...]:
        return ("EVAL", _BEGIN.text, 1, self.prefix, *self._run, secrets.token_urlsafe(9))


def _fail(batch: Sequence[_Call], error: BaseException) -> None:
    for call in batch:
        if not call.answer.done():
            call.answer.set_exception(_unavailable(error))


def _unavailable(error: BaseException) -> Unavailable:
    if isinstance(error, ResponseError):
        logger.warning("Redis refused a command: %s", error)
    answer = Unavailable("Messages cannot be reached at the moment. Try again.")
    answer.__cause__ = error
    return answer


async def _say(connection: AbstractConnection, *command: Argument) -> Any:
    await connection.send_command(*command)
    return await connection.read_response()


def _fields(info: bytes) -> dict[str, str]:
    """``INFO``: lines of ``name:value``."""
    lines = (line.partition(":") for line in info.decode().splitlines() if ":" in line)
    return {name: value for name, _, value in lines}


async def _is_durable(connection: AbstractConnection) -> bool:
    """Whether each write is on the disk before it is answered. A Redis that does not tell is not."""
    try:
        found = [await _say(connection, "CONFIG", "GET", name) for name in ("appendonly", "appendfsync")]
    except ResponseError:
        return False
    return [one[1:] for one in found] == [[b"yes"], [b"always"]]


def _has_taken_over(replication: dict[str, str]) -> bool:
    """Whether it was a replica, which may not have had everything that its master answered."""
    return bool(replication.get("master_replid2", "").strip("0"))


def _eviction(memory: dict[str, str]) -> str:
    """What is wrong when Redis is full, or ``""``."""
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy == "noeviction" or memory.get("maxmemory", "0") == "0":
        return ""
    return (
        f"Redis throws messages away when its memory is full (maxmemory-policy {policy}): "
        f"set maxmemory-policy noeviction."
    )
