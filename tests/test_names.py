"""Names: which nobody may have, which are the same name, what a taken one may become."""

import unicodedata
from itertools import islice

import pytest
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chat import names
from chat.errors import InvalidName

RESERVED = ("admin", "system", "root", "Chit-Chat")

SLUG = regex.compile(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*)?")

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
HEART = "\u2764\ufe0f"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

CANNOT_BE_SHOWN = "That name has a character in it that cannot be shown. Leave it out."
TOO_LONG = "A name has at most 32 characters."
ACCENTS = "That name has too many accents, or one without a letter to stand on."
MIXED = "That name mixes alphabets. Write it in one of them."
NOTHING_TO_SAY = "A name needs at least one letter, digit or emoji."

# Whole alphabets would hardly ever hit what matters: pieces that do.
PIECES = [
    *"aIl1O0mWzß ÅøŁıİǅŉſﬁµ-_.'’/?#:<>{}%",
    *"АаВСоерѕЯñλΩΣςא",
    *"漢字かナ한ㄅꙮ",
    *"Ａａ𝐀𝓪ⒶⓐᴀɪⅠ²①㋿ﷺ",
    "a\u0301",
    "\u0301",
    "\u0307",
    "\u0331",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\u200d",
    "\ufe0f",
    "\u202e",
    "\x00",
    "\n",
    "\ud800",
    FAMILY,
    HEART,
    "\U0001f1f8\U0001f1ea",
    "\U0001f1f8",
]
typed = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=16).map("".join))
quickly = settings(deadline=None)


def same(one: str, other: str) -> bool:
    return not names.keys(one).isdisjoint(names.keys(other))


def refusal(raw: str, **options: object) -> str:
    with pytest.raises(InvalidName) as refused:
        names.judge(raw, reserved=RESERVED, **options)  # type: ignore[arg-type]
    assert refused.value.code == "invalid_name"
    return refused.value.detail


@pytest.mark.parametrize(
    "raw",
    [
        "Oskar",
        "Ann Lee",
        "O’Neill",
        "Ångström",
        "Nguyễn",
        "<img src=x onerror=alert(1)>",
        "{{7*7}}",
        "%s",
        "../x",
        "a/b",
        "a?b#c",
        "direct:1",
        "__proto__",
        "Ольга",
        "Канал №1",
        "Ωλ",
        "नमस्ते",
        "สวัสดี",
        "علي رضا",
        "عَبْدُ ٱللَّٰه",
        "שָׁלוֹם",
        "རྒྱུད",
        "ភាសាខ្មែរ",
        "ᚱᚢᚾ",
        "漢字 Kanji ひらがな カナ",
        "한국어 ABC 漢字",
        "ABC ㄅㄆ漢字",
        "7",
        f"Ann {HEART}",
        f"Ann {FAMILY}",
        ENGLAND,
        "Sven \U0001f1f8\U0001f1ea",
        "1\ufe0f\u20e3",
        "x" * 32,
        "क्षि" * 32,
        FAMILY * 25,
    ],
)
def test_a_good_name_stays_as_typed(raw: str) -> None:
    assert names.judge(raw, reserved=RESERVED).name == unicodedata.normalize("NFC", raw)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("  Oskar\u00a0", "Oskar"),
        ("\u3000Oskar\u2003\u2009", "Oskar"),
        ("Oskar\r\n", "Oskar"),
        ("Ann \u00a0 Lee", "Ann Lee"),
        ("山田\u3000太郎", "山田 太郎"),
        ("A\u030angstro\u0308m", "Ångström"),
    ],
)
def test_white_space_and_composition_are_made_plain(raw: str, name: str) -> None:
    assert names.judge(raw).name == name


@pytest.mark.parametrize(
    "hidden",
    [
        "\u200b",  # zero-width space
        "\u200c",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\u00ad",  # soft hyphen
        "\u034f",
        "\u061c",
        "\ufe0f",  # variation selectors
        "\ufe0e",
        "\U000e0100",
        "\u180b",
        "\U000e0061",  # tag
        "\u202e",  # bidi
        "\u202a",
        "\u2066",
        "\u200f",
        "\u3164",  # Hangul fillers
        "\u115f",
        "\uffa0",
        "\u2800",  # drawn as nothing
        "\ufffc",
        "\U0001d159",
        "\x00",
        "\r\n",
        "\n",
        "\t",
        "\x1b[31m",
        "\x7f",
        "\x85",
        "\u2028",
        "\u2029",
        "\ud800",
        "\ue000",  # private
        "\uffff",
        "\u20dd",  # enclosing
        "\U0001f1e6",  # half a flag
    ],
)
@pytest.mark.parametrize("around", ["ad{}min", "{}admin", HEART + "{}x", "Анна{}Б"])
def test_what_cannot_be_seen_has_no_place_in_a_name(hidden: str, around: str) -> None:
    raw = around.format(hidden)
    if raw.startswith(tuple("\r\n\t\x85\u2028\u2029")):
        raw = "x" + raw  # outer white space is trimmed, not refused
    assert refusal(raw) == CANNOT_BE_SHOWN


@pytest.mark.parametrize("raw", ["\u3164", "\u200b\u200b", "\u2800"])
def test_a_name_of_nothing_visible_is_refused(raw: str) -> None:
    assert refusal(raw) == CANNOT_BE_SHOWN


@pytest.mark.parametrize("raw", ["", "   ", "\u00a0\u3000", "\n"])
def test_a_name_cannot_be_empty(raw: str) -> None:
    assert refusal(raw) == "A name cannot be empty."


@pytest.mark.parametrize(
    "raw",
    [
        "x" * 33,
        HEART * 33,
        "a" + "\u0301\u0302" * 100,
        "x" * 1_001,
        "x" + "\u0301\u0316" * 100_000,
        FAMILY * 26,  # few graphemes, too many code points
    ],
)
def test_a_name_has_a_greatest_length(raw: str) -> None:
    assert refusal(raw) == TOO_LONG


def test_the_greatest_length_is_a_setting() -> None:
    assert refusal("Oskar", max_graphemes=4) == "A name has at most 4 characters."
    assert names.judge("x" * 40, max_graphemes=40).name == "x" * 40


@pytest.mark.parametrize(
    "raw",
    [
        "e\u0301\u0302\u0303\u0304\u0306",
        "x\u0331\u0331",
        "\u0301x",
        "x \u0301",
        "e" + "\u0301" * 99,
    ],
)
def test_accents_neither_pile_up_nor_stand_alone(raw: str) -> None:
    assert refusal(raw) == ACCENTS


@pytest.mark.parametrize("raw", ["...", "-", "_", "ʼ", "@#!", "\U0001f3fb"])
def test_a_name_can_be_said(raw: str) -> None:
    assert refusal(raw) == NOTHING_TO_SAY


@pytest.mark.parametrize(
    "raw",
    [
        "\u0410dmin",  # Cyrillic А
        "s\u0443stem",
        "Ωabc",
        "ოskar",
        "Αлиса",  # Greek and Cyrillic
        "かㄅ",
        "한か",
        "漢字Ольга",
        "Oskar שרה",
        "ꓐob",
        "Ａлиса",  # full-width Latin is Latin
    ],
)
def test_alphabets_do_not_mix(raw: str) -> None:
    assert refusal(raw) == MIXED


def test_digits_of_a_neighbour_do_not_make_a_mixture() -> None:
    assert names.judge("১২𑄇𑄇").name  # Chakma is written with Bengali digits too


def test_every_letter_belongs_to_a_script_that_is_known() -> None:
    letters = (chr(point) for point in range(0x110000) if unicodedata.category(chr(point))[0] == "L")
    shared = regex.compile(r"\p{Script=Zyyy}|\p{Script=Zinh}")
    known = names._one_letter_of_a_script()
    assert [one for one in letters if not known.match(one) and not shared.match(one)] == []


@pytest.mark.parametrize(
    "raw",
    [
        "admin",
        "ADMIN",
        " Admin ",
        "ａｄｍｉｎ",
        "𝐀𝐝𝐦𝐢𝐧",
        "Ⓐⓓⓜⓘⓝ",
        "🅰🅳🅼🅸🅽",
        "🅐🅓🅜🅘🅝",
        "ᴀᴅᴍɪɴ",
        "admın",
        "ADMİN",
        "adrnin",
        "SYSTEM",
        "r00t",
        "chit‑chat",
        "Chit–Chat",
    ],
)
def test_a_reserved_word_is_kept_in_every_spelling(raw: str) -> None:
    assert refusal(raw) == f"“{raw.strip()}” is kept for the site. Choose another."


def test_a_name_is_reserved_only_where_it_is_said_to_be() -> None:
    assert names.judge("admin").name == "admin"
    assert names.judge("administrator", reserved=("admin",)).name == "administrator"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ian", "ian"),
        ("Ian", "lan"),
        ("Oskar", "OSKAR"),
        ("Straße", "STRASSE"),
        ("ﬁsh", "fish"),
        ("ﬁsh", "FISH"),
        ("Oskar", "ｏｓｋａｒ"),
        ("Oskar", "𝓞𝓼𝓴𝓪𝓻"),
        ("Oskar", "0skar"),
        ("Bill", "Bi11"),
        ("mark", "rnark"),
        ("ian", "ıan"),
        ("Ian", "ıan"),
        ("ian", "İan"),
        ("IAN", "İAN"),
        ("i\u0323\u0307x", "i\u0323x"),
        ("Ann Lee", "ann\u00a0 lee"),
        ("soco", "ѕосо"),  # wholly Cyrillic
        ("ma", "МА"),  # Cyrillic capitals
        ("O'Neill", "O’Neill"),
        ("Pit-crew", "Pit–crew"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("\u1fc7", "\u1fcc\u0342"),  # ῇ: its iota folds to a letter
        (f"Ann {HEART}", "Ann \u2764"),
        ("Chapter Ⅳ", "Chapter IV"),
        ("coco", "ϲοϲο"),  # Greek, with lunate sigmas
        ("CIA", "ϹΙΑ"),
    ],
)
def test_names_that_look_alike_are_one_name(one: str, other: str) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ian", "lan"),
        ("Oskar", "Öskar"),
        ("Oskar", "Oskar B"),
        ("Ann Lee", "AnnLee"),
        ("Anna", "Anne"),
        ("東京", "京都"),
        ("Ольга", "Олег"),
        (f"Ann {HEART}", "Ann"),
    ],
)
def test_names_that_differ_to_the_eye_are_two(one: str, other: str) -> None:
    assert not same(one, other)


def test_a_name_has_one_or_two_keys_and_brings_them_along() -> None:
    assert names.judge("ian") == ("ian", frozenset({"ian"}))
    assert names.judge("Ian").keys == {"ian", "lan"} == names.keys("Ian")


def test_a_long_key_is_shortened_without_becoming_another_one() -> None:
    wide = "\ufdfa" * 32  # one code point, eighteen letters
    for name in (wide, wide[:-1] + "a", "\ud800" * 500):
        assert {len(key) for key in names.keys(name)} == {names.KEY_LENGTH}
    assert not same(wide, wide[:-1] + "a")


@pytest.mark.parametrize(
    ("source", "prototype"),
    [
        ("I", "l"),
        ("1", "l"),
        ("0", "O"),
        ("m", "rn"),
        ("\u0430", "a"),
        ("\u05d5", "l"),  # right to left
        ("日", None),  # a prototype only, of a pair
        ("l", None),
        ("rn", None),
    ],
)
def test_the_confusables_are_read_in_the_direction_of_unicode(source: str, prototype: str | None) -> None:
    table = names._prototypes()
    assert len(table) > 6_000
    assert [table.get(ord(one)) for one in source] == [prototype] * len(source)


def test_a_key_is_settled_for_every_character_that_changes() -> None:
    cased = (point for point in range(0x20000) if chr(point).casefold() != chr(point))
    for point in {*names._prototypes(), *cased}:
        for text in (names._plain(chr(point)), names._skeleton(chr(point))):
            assert names._settled(text) == names._settled(names._settled(text))


def test_no_prototype_looks_like_yet_another_one() -> None:
    table = names._prototypes()
    assert [one for one in table.values() if any(ord(part) in table for part in one)] == []


def test_suggestions_begin_with_the_most_natural() -> None:
    assert list(islice(names.suggestions("Oskar"), 6)) == [
        "Oskar B",
        "Oskar 2",
        "oskar.b",
        "Oskar C",
        "Oskar 3",
        "oskar.c",
    ]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Oskar 2", ["Oskar B", "oskar.b", "Oskar C"]),
        ("oskar.b", ["oskar B", "oskar 2", "oskar C"]),
        ("Ann Lee", ["Ann Lee B", "Ann Lee 2", "ann.lee.b"]),
        ("Ольга", ["Ольга 2", "Ольга 3", "Ольга 4"]),
        ("x" * 50, ["x" * 30 + " B", "x" * 30 + " 2", "x" * 30 + ".b"]),
        (".b", [".b B", ".b 2", ".b.b"]),
    ],
)
def test_suggestions_grow_from_the_name(name: str, first: list[str]) -> None:
    assert list(islice(names.suggestions(name), 3)) == first


def test_suggestions_come_to_an_end_and_never_repeat_themselves() -> None:
    found = list(names.suggestions("Oskar"))
    assert 200 < len(found) < 300
    assert len({key for one in found for key in names.keys(one)}) >= len(found)


@pytest.mark.parametrize("name", ["", "  ", "a\u200bb", "...", "Аdmin", "x" * 9 + "\ud800"])
def test_an_invalid_name_has_no_suggestions(name: str) -> None:
    assert list(names.suggestions(name)) == []


def test_suggestions_keep_to_the_greatest_length_that_is_set() -> None:
    assert next(names.suggestions("Wolfeschlegel", max_graphemes=8)) == "Wolfes B"
    assert list(names.suggestions("Oskar", max_graphemes=4)) == []


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Pit crew", "pit-crew"),
        ("General Talk", "general-talk"),
        ("../x", "x"),
        ("a/b", "a-b"),
        ("a?b#c", "a-b-c"),
        ("direct:1", "direct-1"),
        ("..", ""),
        ("<script>", "script"),
        ("Ann's room", "anns-room"),
        ("Ångström & Øst, Łódź", "angstrom-ost-lodz"),
        ("Straße İzmir", "strasse-izmir"),
        ("Iðunn Æsir Þór", "idunn-aesir-thor"),
        ("ﬁsh ½", "fish-1-2"),
        ("ＡＢＣ", "abc"),
        ("สวัสดี", ""),
        ("東京 2", "2"),
        ("", ""),
        ("a" * 100, "a" * 48),
        ("a" * 47 + " b", "a" * 47),
    ],
)
def test_a_slug_is_an_address_and_nothing_else(name: str, slug: str) -> None:
    assert names.slug(name) == slug


@quickly
@given(typed)
def test_judging_a_judged_name_changes_nothing(raw: str) -> None:
    try:
        judged = names.judge(raw)
    except InvalidName:
        return
    assert names.judge(judged.name) == judged
    assert judged.name == judged.name.strip()
    assert "  " not in judged.name
    assert 1 <= len(judged.keys) <= 2
    assert all(0 < len(key) <= names.KEY_LENGTH for key in judged.keys)


@quickly
@given(typed)
def test_a_change_of_case_is_no_other_name(raw: str) -> None:
    try:
        name = names.judge(raw).name
    except InvalidName:
        assume(False)
    for other in (name.upper(), name.lower(), name.title(), name.swapcase(), name.casefold()):
        assert same(name, other)


@quickly
@given(typed, st.integers(1, 60))
def test_a_slug_always_fits_its_pattern(raw: str, max_length: int) -> None:
    slug = names.slug(raw, max_length=max_length)
    assert SLUG.fullmatch(slug)
    assert len(slug) <= max_length


@settings(deadline=None, max_examples=40)
@given(typed)
def test_suggestions_are_valid_and_different(raw: str) -> None:
    for one in islice(names.suggestions(raw), 30):
        assert names.judge(one).name == one
        assert not same(one, raw)
