"""Extensions and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.conf import Settings
from chat.errors import UnsupportedFile
from chat.files import kinds
from chat.files.kinds import NAME_CHARACTERS, clean_name, kind_of

ALLOWED = Settings().FILE_TYPES


@pytest.mark.parametrize("extension", ALLOWED)
def test_every_extension_that_is_taken_has_a_kind(extension: str) -> None:
    for name in (f"a.{extension}", f"A.{extension.upper()}", f"a.b.{extension}", f".{extension}"):
        assert kind_of(name, ALLOWED) is kinds.KINDS[extension]


@pytest.mark.parametrize(
    "name",
    [
        "a.html",
        "a.png.html",
        "a.png%00.html",
        "a.svg",
        "a",
        "png",
        "a.",
        "a.png ",
        "a.pn\u0261",
        "",
        ".",
        "a.PNG\0",
    ],
)
def test_another_extension_is_refused_with_those_that_are_taken(name: str) -> None:
    with pytest.raises(UnsupportedFile, match="txt, pdf, png, jpg, jpeg, gif, webp"):
        kind_of(name, ALLOWED)


def test_a_site_may_take_fewer() -> None:
    with pytest.raises(UnsupportedFile, match=r"\.pdf are not taken\. These are: txt\."):
        kind_of("a.pdf", ("txt",))


def test_a_long_extension_is_not_repeated() -> None:
    with pytest.raises(UnsupportedFile, match="Files of this kind"):
        kind_of("a." + "x" * 1_000, ALLOWED)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("notes.txt", "notes.txt"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a/b\\c.txt", "c.txt"),
        ("%22a%22.txt", '"a".txt'),
        ("a%0d%0Ab.txt", "a b.txt"),
        ("a\r\n\tb.txt", "a b.txt"),
        ("a\0b.txt", "ab.txt"),
        ("\u202egpj.exe.txt", "gpj.exe.txt"),
        ("e\u0301.txt", "é.txt"),
        ("日記.txt", "日記.txt"),
        ("100%.txt", "100%.txt"),
        (" a .txt", "a.txt"),
        ("", "file"),
        (".txt", "file.txt"),
        ("....", "file."),
    ],
)
def test_a_name_is_cleaned(raw: str, name: str) -> None:
    assert clean_name(raw) == name


@given(st.text(max_size=400) | st.text(alphabet="./\\ab\r\n%0DA2\u202e ", max_size=400))
def test_whatever_comes_a_name_is_one_short_line_without_folders(raw: str) -> None:
    name = clean_name(raw)
    assert 0 < len(name) <= NAME_CHARACTERS
    assert not {"/", "\\", "\r", "\n", "\0", "\u202e"} & set(name)
    assert name not in (".", "..")
    assert name.isprintable() or all(one.isprintable() or one.isspace() for one in name)
    assert clean_name(name) == name or "%" in raw
