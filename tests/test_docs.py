"""The documents say what the code does: frames, codes, settings."""

from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from chat import conf, errors, protocol
from chat.ratelimit import Rate

DOCS = Path(__file__).parent.parent / "docs"
PROTOCOL = (DOCS / "protocol.md").read_text()
SETTINGS = (DOCS / "settings.md").read_text()

COMMANDS = get_args(protocol.Command)
FRAMES = get_args(protocol.Frame)


def subclasses(kind: type) -> list[type]:
    return [one for direct in kind.__subclasses__() for one in (direct, *subclasses(direct))]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.__struct_config__.tag)
def test_every_command_is_in_the_document_with_all_its_fields(command: type) -> None:
    tag = command.__struct_config__.tag
    row = next(line for line in PROTOCOL.splitlines() if f"`{tag} {{" in line)
    call = row[row.index("{") : row.index("}`") + 1]
    missing = [field for field in command.__struct_fields__ if field not in call]
    assert not missing


@pytest.mark.parametrize("frame", FRAMES, ids=lambda one: one.__struct_config__.tag)
def test_every_frame_of_the_server_is_in_the_document(frame: type) -> None:
    assert f"`{frame.__struct_config__.tag} {{" in PROTOCOL


@pytest.mark.parametrize("code", protocol.CloseCode)
def test_every_close_code_is_in_the_document(code: protocol.CloseCode) -> None:
    assert f"| {int(code)} |" in PROTOCOL


@pytest.mark.parametrize("error", subclasses(errors.ChatError), ids=lambda one: one.code)
def test_every_error_code_is_in_the_document(error: type[errors.ChatError]) -> None:
    assert f"`{error.code}`" in PROTOCOL


@pytest.mark.parametrize("kind", [conf.Settings, conf.Limits, conf.Times], ids=lambda one: one.__name__)
def test_every_setting_is_in_the_document(kind: type) -> None:
    missing = [one.name for one in fields(kind) if f"| `{one.name}` |" not in SETTINGS]
    assert not missing


@pytest.mark.parametrize("kind", [conf.Limits, conf.Times], ids=lambda one: one.__name__)
def test_the_documented_defaults_are_the_real_ones(kind: type) -> None:
    def written(value: object) -> str:
        if isinstance(value, Rate):
            return "`({})`".format(", ".join(f"{part:g}" for part in value))
        return f"{value:,g}" if isinstance(value, float) and value < 1e5 else f"{int(value):,}"  # type: ignore[call-overload]

    defaults = kind()
    wrong = [
        one.name
        for one in fields(kind)
        if f"| `{one.name}` | {written(getattr(defaults, one.name))} |" not in SETTINGS
    ]
    assert not wrong
