"""What a deployment serves of the chat's scripts."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from asgiref.testing import ApplicationCommunicator

from chitchat_site.asgi import Sources, django_application
from chitchat_site.static import without_comments

MODULES = Path(__file__).resolve().parents[1] / "chat/static/chat/js"


def test_comments_on_lines_of_their_own_go_and_everything_else_stays() -> None:
    script = (
        '/** What it is.\n * And why. */\nconst site = "https://x/"; // stays\n'
        "  // goes\n\n  /** Gone */\n  f(/a\\/\\/b/);\n"
    )
    assert without_comments(script) == 'const site = "https://x/"; // stays\n\n  f(/a\\/\\/b/);\n'


@pytest.mark.parametrize("module", sorted(MODULES.rglob("*.js")), ids=lambda path: path.name)
def test_no_line_of_code_is_lost_with_the_comments(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    inside = False
    code = []
    for line in source.splitlines(keepends=True):
        stripped = line.strip()
        begins = stripped.startswith("/**")
        if not (inside or begins or stripped.startswith("//")):
            code.append(line)
        inside = (inside or begins) and not stripped.endswith("*/")
    assert without_comments(source) == "".join(code)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["chat/nothing.css", "../../manage.py", "chat/../../../manage.py", "%00"])
async def test_what_is_no_static_file_is_the_sites_404_while_developing(address: str) -> None:
    headers = [(b"host", b"testserver"), (b"accept", b"text/html")]
    scope = {"type": "http", "method": "GET", "path": f"/static/{unquote(address)}", "query_string": b""}
    server = ApplicationCommunicator(Sources(django_application), scope | {"headers": headers})
    await server.send_input({"type": "http.request", "body": b""})
    start, body = await server.receive_output(), await server.receive_output()
    await server.send_input({"type": "http.disconnect"})
    await server.wait()
    assert start["status"] == 404
    assert "Nothing at this address" in body["body"].decode()
