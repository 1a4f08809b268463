"""What people write, made fit to keep: message bodies, one-line topics, reactions, excerpts.

Text is kept as typed; making it safe to *show* is for whoever shows it. A character is a Unicode
code point, here and in every limit: cheap to count, the same in every client, and a bound on bytes.
All functions take time linear in what they are given, and raise nothing but ``ChatError``s.
"""

import re

import regex

from chat.errors import Empty, Invalid, TooLong

# C0 controls without tab and line feed: PostgreSQL cannot store NUL, terminals obey ESC.
# Lone surrogates are not text: they cannot be encoded, and one would break every reader of a room.
_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

_LINE_ENDS = re.compile(r"\r\n?")

# Something to see: neither white space, nor invisible, nor one of the characters that Unicode
# counts as letters or symbols but draws as nothing (Braille blank, musical null notehead, Egyptian
# blanks). Format characters that are drawn, such as the Arabic number sign, are
# Prepended_Concatenation_Mark.
_BLANK = r"\u2800\ufffc\U0001D159\U00013441\U00013442"
_VISIBLE = regex.compile(
    rf"[^\s\p{{Default_Ignorable_Code_Point}}\p{{Cc}}\p{{Cf}}{_BLANK}]"
    r"|\p{Prepended_Concatenation_Mark}"
)

_GRAPHEME = regex.compile(r"\X")


def clean_body(raw: str, *, limit: int) -> str:
    """The body of a message: line ends are LF, outer white space is gone, the rest is as typed.

    Raises ``Invalid`` for control characters and lone surrogates, ``Empty`` when there is nothing
    to see in it, ``TooLong`` over ``limit`` characters, counted in what would be kept.
    """
    body = _LINE_ENDS.sub("\n", raw)
    _refuse_controls(body)
    body = body.strip()
    if not _VISIBLE.search(body):
        raise Empty("There is nothing to read in this message.")
    if len(body) > limit:
        raise TooLong(f"A message has at most {limit:,} characters.")
    return body


def clean_line(raw: str, *, limit: int) -> str:
    """One line, such as a topic: a run of white space is one space. ``""`` if nothing is to see.

    Raises ``Invalid`` and ``TooLong`` as ``clean_body`` does.
    """
    _refuse_controls(_LINE_ENDS.sub("\n", raw))
    line = " ".join(raw.split())
    if not _VISIBLE.search(line):
        return ""
    if len(line) > limit:
        raise TooLong(f"At most {limit:,} characters fit here.")
    return line


def is_emoji(raw: str) -> bool:
    """Whether it is exactly one emoji that is recommended for general interchange (RGI, UTS 51).

    Fully qualified only: ❤ with its variation selector is one, the text symbol ❤ is not, so that
    the same reaction is never counted under two spellings.
    """
    import emoji  # here, because its table takes 40 ms to load

    return bool(emoji.EMOJI_DATA.get(raw, {}).get("status") == emoji.STATUS["fully_qualified"])


def excerpt(body: str, limit: int = 120) -> str:
    """The beginning of a body in one line of at most ``limit`` characters, "…" where it was cut.

    Cuts between graphemes: an emoji or an accented letter is there whole or not at all. Only a
    single grapheme that is longer than the limit is cut inside.
    """
    line = " ".join(body.split())
    if len(line) <= limit:
        return line
    room = limit - 1
    ends = (match.end() for match in _GRAPHEME.finditer(line[:limit]))
    cut = max((end for end in ends if end <= room), default=room)
    return line[:cut].rstrip() + "…"


def _refuse_controls(text: str) -> None:
    if found := _REFUSED.search(text):
        code = ord(found[0])
        raise Invalid(f"A text cannot hold the character U+{code:04X}.")
