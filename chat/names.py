"""Names of people and channels: which there may be, and which are the same to an eye.

Two rules with different answers. ``judge`` refuses what nobody may have: characters that cannot be
seen, letters of mixed alphabets, towers of accents, reserved words. ``keys`` finds names that look
alike: a name is taken when it shares a key with one that exists. Everything follows Unicode: UTS 39
(restriction level "highly restrictive", skeletons from its confusables), UAX 29 (graphemes), UTS 51
(emoji).

Fancy spellings are taken, not invalid: full-width and mathematical letters, ligatures (ﬁ), circled,
squared and small capitals, İ and ı all have a key of their plain form, so that "ｏｓｋａｒ" never
stands beside "Oskar". White space is no difference either: a no-break, ideographic or any other
space is a plain one, runs of it are one, and outer white space is dropped.

Zero-width joiners and variation selectors are allowed inside an emoji that Unicode recommends (RGI)
and nowhere else. That costs Persian its half-space and Han its rare variants.
"""

import json
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.resources import files
from string import ascii_uppercase
from typing import NamedTuple
from unicodedata import normalize

import regex

from chat.errors import InvalidName

MAX_GRAPHEMES = 32
KEY_LENGTH = 190  # characters a key has at most: fits a unique column in every database

# Four code points a grapheme leave room for Indic syllables and for a few emoji families.
_CODE_POINTS_A_GRAPHEME = 4
_RAW_CODE_POINTS = 1_000  # longer is not looked at: normalising can take quadratic time

# What has no place in a name, but inside an RGI emoji: default ignorables (zero-width, soft hyphen,
# bidi controls, variation selectors, tags, Hangul fillers), controls, surrogates, private and
# unassigned code points, line separators, enclosing marks, flag letters, and symbols that are drawn
# as nothing.
_UNSEEN = regex.compile(
    r"[\p{Default_Ignorable_Code_Point}\p{C}\p{Zl}\p{Zp}\p{Me}\p{Regional_Indicator}"
    r"\u2800\ufffc\U0001D159\U00013441\U00013442]"
)
_IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
_SPACES = regex.compile(r"\p{Zs}+")
_GRAPHEME = regex.compile(r"\X")
_WITHOUT_A_BASE = regex.compile(r"(?:^| )\p{M}")
# UTS 39, section 5.4: no more than four nonspacing marks, and none twice in a row.
_STACKED = regex.compile(r"\p{Mn}{5}|(\p{Mn})\1")
_NUMBERED = regex.compile(r"(?<=.)[ .](?:[A-Za-z]|[0-9]{1,3})$")
_SAYABLE = regex.compile(r"[\p{Lu}\p{Ll}\p{Lt}\p{Lo}\p{N}\p{Extended_Pictographic}\p{RI}]")

# All scripts of Unicode 17. One that is missing here is refused, never mistaken for another.
_SCRIPTS = """
    Adlm Aghb Ahom Arab Armi Armn Avst Bali Bamu Bass Batk Beng Berf Bhks Bopo Brah Brai Bugi Buhd
    Cakm Cans Cari Cham Cher Chrs Copt Cpmn Cprt Cyrl Deva Diak Dogr Dsrt Dupl Egyp Elba Elym Ethi
    Gara Geor Glag Gong Gonm Goth Gran Grek Gujr Gukh Guru Hang Hani Hano Hatr Hebr Hira Hluw Hmng
    Hmnp Hung Ital Java Kali Kana Kawi Khar Khmr Khoj Kits Knda Krai Kthi Lana Laoo Latn Lepc Limb
    Lina Linb Lisu Lyci Lydi Mahj Maka Mand Mani Marc Medf Mend Merc Mero Miao Mlym Modi Mong Mroo
    Mtei Mult Mymr Nagm Nand Narb Nbat Newa Nkoo Nshu Ogam Olck Onao Orkh Orya Osge Osma Ougr Palm
    Pauc Perm Phag Phli Phlp Phnx Prti Rjng Rohg Runr Samr Sarb Saur Sgnw Shaw Shrd Sidd Sidt Sind
    Sinh Sogd Sogo Sora Soyo Sund Sunu Sylo Syrc Tagb Takr Tale Talu Taml Tang Tavt Tayo Telu Tfng
    Tglg Thaa Thai Tibt Tirh Tnsa Todr Tols Toto Tutg Ugar Vaii Vith Wara Wcho Xpeo Xsux Yezi Yiii
    Zanb
""".split()  # noqa: SIM905 - a list would be 172 lines

# Letters that Unicode does not decompose, though they are read as plain ones.
_PLAIN_LETTERS = str.maketrans(
    dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
    | {chr(start + i): ascii_uppercase[i] for start in (0x1F150, 0x1F170) for i in range(26)}
)
# Before NFKC, which would make of these an ordinary sigma: they are drawn like a C.
_LUNATE_SIGMAS = str.maketrans("ϲϹ", "cC")
_SETTLING_STEPS = 3  # as many as % takes (º/₀, o/O, o/o), and no character more

# i and j keep their dot when lower-cased from İ: with it they look as without.
_DOTTED_TWICE = regex.compile(r"(?<=[ij][\p{M}--\u0307]*)\u0307", regex.V1)

_ASCII_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "þ": "th"}
    | dict.fromkeys("'’ʻʼ", "")
)


class JudgedName(NamedTuple):
    """A name that may be had, as it is to be stored, and the keys that must be free for it."""

    name: str
    keys: frozenset[str]


def judge(raw: str, *, reserved: Collection[str] = (), max_graphemes: int = MAX_GRAPHEMES) -> JudgedName:
    """What ``raw`` becomes as a name: NFC, outer white space dropped, inner runs of it one space.

    Judging the result again changes nothing. ``reserved`` are words that nobody may have, nor
    anything that looks like them. Raises ``InvalidName`` with a sentence for the person who typed
    it.
    """
    raw = raw.strip()
    _require(len(raw) <= _RAW_CODE_POINTS, f"A name has at most {max_graphemes} characters.")
    name = _SPACES.sub(" ", normalize("NFC", raw))
    graphemes = _GRAPHEME.findall(name)
    _require(name != "", "A name cannot be empty.")
    _require(
        all(_is_rgi(one) for one in graphemes if _UNSEEN.search(one)),
        "That name has a character in it that cannot be shown. Leave it out.",
    )
    _require(
        len(graphemes) <= max_graphemes and len(name) <= max_graphemes * _CODE_POINTS_A_GRAPHEME,
        f"A name has at most {max_graphemes} characters.",
    )
    _require(
        not _STACKED.search(normalize("NFD", name)) and not _WITHOUT_A_BASE.search(name),
        "That name has too many accents, or one without a letter to stand on.",
    )
    _require(_SAYABLE.search(_plain(name)), "A name needs at least one letter, digit or emoji.")
    _require(_is_highly_restrictive(name), "That name mixes alphabets. Write it in one of them.")
    found = keys(name)
    _require(
        all(found.isdisjoint(_reserved_keys(word)) for word in reserved),
        f"“{name}” is kept for the site. Choose another.",
    )
    return JudgedName(name, found)


def keys(name: str) -> frozenset[str]:
    """The look-alike keys of a name, one or two: two names are the same iff they share one.

    One key is the skeleton of the case-folded name, the other the case-folded skeleton: "Ian" is
    the same as "ian" and, because its I looks like an l, as "lan"; "ian" and "lan" are two names. A
    key has at most ``KEY_LENGTH`` characters and is for comparing, never for showing. Raises
    nothing. Keys can change with a new release of Unicode's data; then stored ones have to be made
    again.
    """
    plain = _plain(name)
    return frozenset(_bounded(_settled(text)) for text in (plain, _skeleton(plain)))


def suggestions(name: str, *, max_graphemes: int = MAX_GRAPHEMES) -> Iterator[str]:
    """Names near ``name`` that pass ``judge`` and are not the same as it: some 250 of them at most.

    "Oskar" gives "Oskar B", "Oskar 2", "oskar.b", "Oskar C" … Which are free is for the caller to
    see. Nothing comes of a name that is invalid for another reason than its length.
    """
    name = name.strip()[:_RAW_CODE_POINTS]
    graphemes = _GRAPHEME.findall(_NUMBERED.sub("", name))
    try:
        taken = judge("".join(graphemes[: max_graphemes - 4]), max_graphemes=max_graphemes).keys
    except InvalidName:
        return
    taken |= keys(name)
    for suffix in _suffixes():
        start = "".join(graphemes[: max_graphemes - len(suffix)]).rstrip()
        if suffix.startswith("."):
            start = start.lower().replace(" ", ".")
        try:
            judged = judge(start + suffix, max_graphemes=max_graphemes)
        except InvalidName:  # a Latin letter after a name in another alphabet
            continue
        if judged.keys.isdisjoint(taken):
            taken |= judged.keys
            yield judged.name


def slug(name: str, *, max_length: int = 48) -> str:
    """An address for a channel: ``[a-z0-9]`` in groups joined by single hyphens, of ``max_length``.

    ``""`` when nothing is left, as of a name in Thai: the caller makes one up. Not unique.
    """
    plain = normalize("NFKD", name[:_RAW_CODE_POINTS].casefold().translate(_ASCII_LETTERS))
    ascii_only = regex.sub(r"\p{M}+", "", plain).casefold()
    return regex.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:max_length].rstrip("-")


def search_key(text: str) -> str:
    """What the search for people compares: the text in plain letters, without case.

    Not a look-alike key: whoever types "l" does not mean "I".
    """
    return normalize("NFKC", _plain(text).casefold())


def _plain(name: str) -> str:
    """The name without its dress: NFKC, fancy letters as plain ones, white space as one space."""
    return " ".join(normalize("NFKC", name.translate(_LUNATE_SIGMAS)).translate(_PLAIN_LETTERS).split())


def _require(holds: object, sentence: str) -> None:
    if not holds:
        raise InvalidName(sentence)


def _is_rgi(grapheme: str) -> bool:
    import emoji  # here, because its table takes 40 ms to load and few names need it

    return bool(emoji.EMOJI_DATA.get(grapheme, {}).get("status") == emoji.STATUS["fully_qualified"])


@cache
def _covered_by(*scripts: str) -> regex.Pattern[str]:
    """Matches text whose characters all belong to the scripts, or to every script."""
    inside = "".join(rf"\p{{Script_Extensions={one}}}" for one in (*scripts, "Zyyy", "Zinh"))
    return regex.compile(f"[{inside}]*")


@cache
def _one_letter_of_a_script() -> regex.Pattern[str]:
    return regex.compile("|".join(rf"(?P<{one}>\p{{Script={one}}})" for one in _SCRIPTS))


def _is_highly_restrictive(name: str) -> bool:
    """UTS 39, section 5.2: one script, or Latin with what Japanese, Chinese or Korean mixes."""
    for east_asian in (("Hani", "Hira", "Kana"), ("Hani", "Bopo"), ("Hani", "Hang")):
        if _covered_by("Latn", *east_asian).fullmatch(name):
            return True
    used = {str(match.lastgroup) for match in _one_letter_of_a_script().finditer(name)}
    return any(_covered_by(script).fullmatch(name) for script in used)


@lru_cache(maxsize=256)
def _reserved_keys(word: str) -> frozenset[str]:
    return keys(word)


@cache
def _prototypes() -> dict[int, str]:
    """Unicode's confusables: each code point with what it is drawn like.

    The library stores each line of the file in both directions and does not say which is which. A
    prototype is never a source, a source has one prototype, and of a pair that has nobody else the
    source was written first: that gives the file back. Right-to-left ones stand between marks.
    """
    source = files("confusable_homoglyphs").joinpath("confusables.json").read_text("utf-8")
    found: dict[int, str] = {}
    targets: set[str] = set()
    for written, others in json.loads(source).items():
        character = written.strip("\u200e")
        if len(character) == 1 and len(others) == 1 and character not in targets:
            found[ord(character)] = others[0]["c"].strip("\u200e")
            targets.add(found[ord(character)])
    return found


def _skeleton(text: str) -> str:
    """UTS 39, section 4: what cannot be seen is dropped, the rest becomes what it is drawn like."""
    decomposed = _IGNORABLE.sub("", normalize("NFD", text))
    return normalize("NFD", decomposed.translate(_prototypes()))


def _settled(text: str) -> str:
    """Folded and made a skeleton until neither changes it: each may open a way to the other."""
    for _ in range(_SETTLING_STEPS):
        folded = normalize("NFKC", normalize("NFD", text).casefold())
        text = _skeleton(_DOTTED_TWICE.sub("", normalize("NFD", folded)))
    return text


def _bounded(key: str) -> str:
    """Long ones end in a digest of the whole: one code point can become eighteen."""
    if len(key) <= KEY_LENGTH:
        return key
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return key[: KEY_LENGTH - len(digest)] + digest


def _suffixes() -> Iterator[str]:
    """A letter, a number, a dotted letter, and so on. None that looks like another."""
    letters = [one for one in ascii_uppercase[1:] if one not in "ILO"]
    numbers = iter(range(2, 200))
    for letter in letters:
        yield from (f" {letter}", f" {next(numbers)}", f".{letter.lower()}")
    yield from (f" {number}" for number in numbers)
