"""What a deployment serves of the chat's scripts."""

from pathlib import Path

import pytest

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
