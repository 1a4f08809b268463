"""Images in a process of their own: what it may use, and that it never outlives the server."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

import pytest
from PIL import Image

from chat.errors import TooLarge, UnsupportedFile
from chat.files import kinds, worker, workshop
from chat.files.images import Bounds
from chat.files.kinds import Kind
from chat.files.workshop import ROOT, Allowance, Picture, rework
from files import samples

MB = 1024 * 1024
BOUNDS = Bounds(25_000_000, 500, 50_000_000, 64)
ALLOWANCE = Allowance(512 * MB, 60, 20 * MB)

# How long a process may take to end on a busy machine. Nothing waits this long when all is well.
PATIENCE = 30.0


def source_of(content: bytes) -> IO[bytes]:
    source = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever asked
    source.write(content)
    source.flush()
    return source


def reworked(kind: Kind, content: bytes, allowance: Allowance = ALLOWANCE) -> Picture:
    with source_of(content) as source:
        return rework(kind, source, BOUNDS, allowance)


def test_an_image_comes_back_written_anew_with_a_small_one() -> None:
    picture = reworked(kinds.JPEG, samples.from_a_phone(6, (400, 300)))
    assert (picture.width, picture.height) == (300, 400)
    assert Image.open(picture.file).size == (300, 400)
    assert picture.small is not None
    assert Image.open(picture.small).size == (48, 64)
    picture.close()
    assert picture.file.closed
    assert picture.small.closed


def test_a_small_image_has_no_small_one() -> None:
    picture = reworked(kinds.PNG, samples.picture())
    assert picture.small is None
    picture.close()


@pytest.mark.parametrize(
    ("name", "error"),
    [("13,000 squared", TooLarge), ("truncated png", UnsupportedFile), ("a text bomb", UnsupportedFile)],
)
def test_a_refusal_of_the_worker_is_one_of_ours(name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        reworked(kinds.PNG, samples.HOSTILE[name].make())


def test_an_image_that_takes_too_much_memory_is_too_large() -> None:
    content = samples.png_claiming(6_000, 4_000, rgba=True)
    with pytest.raises(TooLarge, match="memory"):
        reworked(kinds.PNG, content, ALLOWANCE._replace(memory_bytes=96 * MB))


def test_an_image_that_takes_too_long_is_too_large() -> None:
    with pytest.raises(TooLarge, match="too long"):
        reworked(kinds.PNG, samples.picture(), ALLOWANCE._replace(seconds=0.001))


def test_an_image_that_becomes_too_much_is_refused() -> None:
    content = samples.encoded(samples.noise((400, 400)), "PNG")
    with pytest.raises(UnsupportedFile):
        reworked(kinds.PNG, content, ALLOWANCE._replace(output_bytes=100_000))


def test_a_worker_that_dies_is_an_image_that_cannot_be_read_and_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workshop, "MODULE", "no.such.module")
    with pytest.raises(UnsupportedFile, match="cannot be read"):
        reworked(kinds.PNG, samples.picture())
    assert "ended its worker" in caplog.text


def start(parent: int, stdin: Any, **limits: int) -> "subprocess.Popen[bytes]":
    """A worker that reads from a pipe, which nobody writes to."""
    job = {
        "parent": parent,
        "extension": "png",
        "target": 1,
        "small": 1,
        "bounds": BOUNDS,
        "memory_bytes": 512 * MB,
        "cpu_seconds": 60,
        "output_bytes": MB,
    }
    command = [sys.executable, "-m", workshop.MODULE, json.dumps({**job, **limits})]
    return subprocess.Popen(command, cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_a_worker_whose_server_is_gone_already_ends_without_looking() -> None:
    with source_of(samples.picture()) as source, start(parent=1, stdin=source) as process:
        assert process.wait(PATIENCE) == 1
        assert process.stdout is not None
        assert process.stdout.read() == b""


# A server that has a worker, and is killed.
SERVER = f"""
import os, sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
from chat.files import worker
if os.fork():
    sys.stdin.read()
else:
    os.close(0)
    worker.bind_to(os.getppid())
    print("bound", flush=True)
    import signal
    while True:
        signal.pause()
"""


def test_a_worker_ends_when_its_server_is_killed() -> None:
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"bound\n"
        server.send_signal(signal.SIGKILL)
        # The worker has the pipe too: it is at its end only when both are gone.
        assert server.stdout.read() == b""
        server.wait(PATIENCE)


def test_a_worker_knows_nothing_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    started: dict[str, Any] = {}
    run = subprocess.run

    def watched(*arguments: Any, **options: Any) -> Any:
        started.update(options)
        return run(*arguments, **options)

    monkeypatch.setenv("SECRET_KEY", "of-the-server")
    monkeypatch.setattr(subprocess, "run", watched)
    reworked(kinds.PNG, samples.picture()).close()
    assert "SECRET_KEY" not in started["env"]
    look = "import sys; from chat.files import worker, images; print('django' in sys.modules)"
    loaded = run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, check=True, text=True)
    assert loaded.stdout.strip() == "False"


# --- in this process, where a mistake can be seen -------------------------------------------------


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``job(content)`` is a job for ``worker.work`` with that content on standard input."""
    standard_input = os.dup(0)
    target, small = (tmp_path / "target").open("wb"), (tmp_path / "small").open("wb")

    def prepare(content: bytes) -> dict[str, Any]:
        with source_of(content) as source:
            os.dup2(source.fileno(), 0)
        return {"extension": "png", "target": target.fileno(), "small": small.fileno(), "bounds": BOUNDS}

    yield prepare
    os.dup2(standard_input, 0)
    os.close(standard_input)
    target.close()
    small.close()


def test_the_worker_answers_with_what_it_made(job: Any, tmp_path: Path) -> None:
    made = worker.work(job(samples.picture("PNG", (100, 50))))
    assert made == {"width": 100, "height": 50, "thumbnail": True}
    with Image.open(tmp_path / "target") as image, Image.open(tmp_path / "small") as small:
        assert (image.size, small.size) == ((100, 50), (64, 32))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "too_large"),
        (ValueError("broken"), "unsupported_file"),
        (TooLarge("No."), "too_large"),
    ],
)
def test_the_worker_answers_whatever_goes_wrong(
    job: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("chat.files.images.make", fail)
    answer = worker.work(job(b""))
    assert answer["error"]["code"] == code
    assert answer["error"]["detail"]


def test_the_worker_binds_itself_before_it_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order: list[Any] = []
    monkeypatch.setattr(worker, "bind_to", lambda parent: order.append(("bind", parent)))
    monkeypatch.setattr(worker.os, "nice", lambda by: order.append(("nice", by)))
    monkeypatch.setattr(worker.resource, "setrlimit", lambda what, most: order.append((what, most)))
    monkeypatch.setattr(worker, "work", lambda job: order.append("work") or {"width": 1})
    job = {"parent": 7, "memory_bytes": 1, "cpu_seconds": 2, "output_bytes": 3}
    worker.main(json.dumps(job))
    assert order[0] == ("bind", 7)
    assert order[-1] == "work"
    assert {(worker.resource.RLIMIT_AS, (1, 1)), (worker.resource.RLIMIT_CPU, (2, 2))} <= set(order[1:-1])
    assert (worker.resource.RLIMIT_FSIZE, (3, 3)) in order
    assert json.loads(capsys.readouterr().out) == {"width": 1}
