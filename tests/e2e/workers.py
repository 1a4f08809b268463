"""Several processes of one site, on one Redis and one database, and one address in front of them."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Self

from .servers import ERRORS, HOST, PATIENCE, ROOT, UVICORN, Database, Server

Pair = tuple[Server, Server]


# How the channel layer says that Redis has gone. Its traceback is not of ours.
LAYER_LOST = " ERROR channels_redis.pubsub: Unexpected exception in receive task"


@contextmanager
def two_workers(folder: Path, database: Database, redis_url: str, *, outage: bool = False) -> Iterator[Pair]:
    """uvicorn twice. Leases are short, people may say more than people say.

    Neither may have complained; with an ``outage`` on purpose, of nothing else than that.
    """
    shared = database.copy(folder) | {
        "REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": "quick_settings",
        "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}",
    }
    folders = [folder / name for name in ("here", "there")]
    for one in folders:
        one.mkdir()
    here, there = (Server(UVICORN, one, None, **shared) for one in folders)
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(Server.start, (here, there)))
        yield here, there
    finally:
        for server in (here, there):
            server.end()
    for server in (here, there):
        if outage:
            errors = [line for line in server.log.splitlines() if any(sign in line for sign in ERRORS)]
            assert all(LAYER_LOST in line for line in errors), server.log
        else:
            assert not server.complaints(), server.log


class Front:
    """What stands in front of workers, as a load balancer does: it hands each connection to the ``first`` of
    them, as long as that one takes any. To browsers it is the server."""

    def __init__(self, *workers: Server) -> None:
        self.first = workers[0]
        self._workers = workers
        self._listener = socket.create_server((HOST, 0))
        self._open: list[socket.socket] = [self._listener]

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._listener.getsockname()[1]}"

    @property
    def running(self) -> bool:
        return any(worker.running for worker in self._workers)

    def complaints(self) -> list[str]:
        return [line for worker in self._workers for line in worker.complaints()]

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            _hang_up(one)
            one.close()

    def _begin(self, work: object, *arguments: object) -> None:
        Thread(target=work, args=arguments, daemon=True).start()  # type: ignore[arg-type]

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return  # the end
            worker = self._a_worker()
            if worker is None:
                browser.close()
                continue
            self._open += [browser, worker]
            self._begin(_carry, browser, worker)
            self._begin(_carry, worker, browser)

    def _a_worker(self) -> socket.socket | None:
        for worker in sorted(self._workers, key=lambda one: one is not self.first):
            try:
                return socket.create_connection((HOST, worker.port), PATIENCE)
            except OSError:
                pass  # the next one
        return None


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass  # one of them is gone, and so is this connection
    _hang_up(source)
    _hang_up(target)


def _hang_up(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has gone already
