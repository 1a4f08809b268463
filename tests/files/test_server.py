"""Uploads to real servers in processes of their own: memory, cut connections, slow ones."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from e2e.installs import Install
from e2e.servers import HOST, RUNSERVER, UVICORN, Server
from people import GENERAL

from files import samples
from files.forms import MULTIPART, field, file, form

MB = 1024 * 1024

# How long an answer may take on a busy machine. Nothing waits this long when all is well.
PATIENCE = 300.0

SERVERS = {"uvicorn": UVICORN, "daphne": RUNSERVER}

# Daphne hands over a body only when it has all of it, and holds it in memory then: it is the server of a
# developer, and what uploads add to its memory is not measured.
MEASURED = pytest.mark.parametrize("command", ["uvicorn"], indirect=True)
MOST = 100 * MB


class Client:
    """A browser with a name."""

    def __init__(self, port: int, name: str) -> None:
        self.port = port
        self._cookies: SimpleCookie = SimpleCookie()
        self.ask("GET", "/c/general-talk/")
        status, _ = self.ask("POST", "/name/", f"name={name}".encode(), "application/x-www-form-urlencoded")
        assert status == 200

    def headers(self, kind: str, length: int) -> dict[str, str]:
        token = self._cookies["csrftoken"].value if "csrftoken" in self._cookies else ""
        cookies = "; ".join(f"{key}={one.value}" for key, one in self._cookies.items())
        origin = f"http://{HOST}:{self.port}"
        about = {"Cookie": cookies, "X-CSRFToken": token, "Origin": origin, "Content-Type": kind}
        return about | {"Content-Length": str(length)}

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, self.headers(kind, len(body)))
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie", []):
                self._cookies.load(line)
            return response.status, response.read()
        finally:
            connection.close()

    def upload(self, content: bytes, name: str = "a.txt") -> tuple[int, Any]:
        status, answer = self.ask(
            "POST", "/files/", form(field("room", GENERAL), file(content, name)), MULTIPART
        )
        return status, json.loads(answer)

    def begin(self, body: bytes, length: int) -> socket.socket:
        """A connection that has sent the beginning of an upload."""
        sock = socket.create_connection((HOST, self.port), PATIENCE)
        head = ["POST /files/ HTTP/1.1", f"Host: {HOST}:{self.port}"]
        head += [f"{name}: {value}" for name, value in self.headers(MULTIPART, length).items()]
        sock.sendall("\r\n".join([*head, "", ""]).encode() + body)
        return sock


@pytest.fixture(scope="module", params=SERVERS)
def command(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(command: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything of this server, its temporary files too."""
    return tmp_path_factory.mktemp(command)


@pytest.fixture(scope="module")
def server(command: str, folder: Path, database: Install) -> Iterator[Server]:
    server = Server(SERVERS[command], folder, database, CHITCHAT_RATE_LIMITS="off", TMPDIR=folder)
    server.start()
    yield server
    server.end()


@pytest.fixture(scope="module")
def client(server: Server) -> Client:
    client = Client(server.port, "Alice")
    # What is loaded with the first upload is no memory of the second.
    assert client.upload(samples.picture("PNG", (900, 900)), "a.png")[0] == 201
    return client


def memory(pid: int) -> int:
    """Bytes of a process and of those it has started; what they share is counted once (PSS)."""
    total = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(map(memory, map(int, (task / "children").read_text().split())))
    except (OSError, ProcessLookupError):
        pass  # it has ended meanwhile
    return total


class Watch:
    """The most memory of a server, children included, while ``with`` lasts, above what it had before."""

    def __init__(self, server: Server) -> None:
        assert server._process is not None
        self._pid = server._process.pid
        self._before = memory(self._pid)
        self._most = 0
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self._most = max(self._most, memory(self._pid))

    def __enter__(self) -> "Watch":
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watching.join()

    @property
    def growth(self) -> int:
        return self._most - self._before


def kept(folder: Path) -> list[Path]:
    return [one for one in (folder / "media").rglob("*") if one.is_file()]


@MEASURED
def test_the_whole_corpus_takes_little_memory_and_leaves_no_file(
    server: Server, client: Client, folder: Path
) -> None:
    before = kept(folder)
    with Watch(server) as watch:
        for name, hostile in samples.HOSTILE.items():
            status, answer = client.upload(hostile.make(), hostile.name)
            assert (name, answer["error"]["code"]) == (name, hostile.code)
            assert 400 <= status < 500
    assert watch.growth < MOST
    assert kept(folder) == before
    assert not server.complaints()


@MEASURED
@pytest.mark.parametrize("kind", ["text", "image"])
def test_ten_uploads_of_the_largest_size_at_once_take_little_memory(
    server: Server, client: Client, kind: str
) -> None:
    text = b"x" * (10 * MB)
    image = samples.encoded(samples.noise((1_800, 1_800)), "PNG")
    assert 9 * MB < len(image) < 10 * MB
    content, name = (text, "a.txt") if kind == "text" else (image, "a.png")
    with Watch(server) as watch, ThreadPoolExecutor(10) as clients:
        answers = list(clients.map(lambda _: client.upload(content, name)[0], range(10)))
    assert answers == [201] * 10
    assert watch.growth < MOST
    assert not server.complaints()


def test_a_file_over_the_limit_is_refused_in_words(server: Server, client: Client, folder: Path) -> None:
    before = kept(folder)
    for more in (1, 100_000, 15 * MB):
        status, answer = client.upload(b"x" * (10 * MB + more))
        assert (status, answer["error"]["code"]) == (413, "too_large")
        assert "10 MB" in answer["error"]["detail"]
    assert kept(folder) == before
    assert not server.complaints()


def eventually(holds: Callable[[], bool]) -> None:
    again = threading.Event()
    assert any(holds() or again.wait(0.02) for _ in range(int(PATIENCE / 0.02)))


def test_an_upload_that_is_cut_off_leaves_nothing(server: Server, client: Client, folder: Path) -> None:
    before = kept(folder)
    body = form(field("room", GENERAL), file(b"x" * (5 * MB)))
    for part in (0, 100, 1 * MB, len(body) - 1):
        client.begin(body[:part], len(body)).close()
    assert client.upload(b"after")[0] == 201  # the server has seen to those before
    eventually(lambda: len(kept(folder)) == len(before) + 1)
    assert not [one for one in folder.iterdir() if one.name.startswith("tmp")]
    assert not server.complaints()


def test_a_slow_upload_keeps_nobody_waiting(server: Server, client: Client) -> None:
    body = form(field("room", GENERAL), file(b"slow"))
    with client.begin(body[:40], len(body)) as slow:
        assert client.upload(b"quick")[0] == 201
        slow.sendall(body[40:])
        assert slow.recv(65_536).startswith(b"HTTP/1.1 201")


def test_a_range_and_a_head_come_over_the_wire_as_they_should(server: Server, client: Client) -> None:
    _, answer = client.upload(bytes(range(32, 127)) * 100)
    address = answer["attachment"]["url"]
    connection = http.client.HTTPConnection(HOST, server.port, timeout=PATIENCE)
    for method, length in (("GET", 100), ("HEAD", 0)):
        headers = {**client.headers("", 0), "Range": "bytes=-100", "Accept-Encoding": "gzip, br"}
        connection.request(method, address, headers=headers)
        response = connection.getresponse()
        assert response.status == 206
        assert response.headers["Content-Length"] == "100"
        assert response.headers["Content-Range"] == "bytes 9400-9499/9500"
        assert response.read() == (bytes(range(32, 127)) * 100)[-100:][:length]
    connection.close()
