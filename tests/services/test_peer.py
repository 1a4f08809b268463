"""The client's address, and whether a page of ours is asking."""

import pytest

from chat.services.peer import client_address, is_own_origin, origin_parts


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ([], 0, "peer"),
        (["1.1.1.1"], 0, "peer"),
        (["1.1.1.1"], -1, "peer"),
        ([], 1, "peer"),
        ([""], 1, "peer"),
        (["1.1.1.1"], 1, "1.1.1.1"),
        (["forged, 1.1.1.1"], 1, "1.1.1.1"),
        (["forged", "1.1.1.1"], 1, "1.1.1.1"),
        (["forged, 1.1.1.1, 10.0.0.1"], 2, "1.1.1.1"),
        (["1.1.1.1"], 2, "peer"),
        ([" 1.1.1.1 ,\t10.0.0.1 "], 2, "1.1.1.1"),
        ([", 10.0.0.1"], 2, "peer"),
        (["2001:db8:1:2:3:4:5:6"], 1, "2001:db8:1:2::/64"),
        (["fe80::1%eth0"], 1, "fe80::/64"),
        (["::ffff:1.1.1.1"], 1, "1.1.1.1"),
    ],
)
def test_only_what_trusted_proxies_appended_is_believed(
    forwarded: list[str], proxies: int, address: str
) -> None:
    assert client_address("peer", forwarded, proxies) == address


def test_a_peer_of_ipv6_is_its_network_too() -> None:
    assert client_address("2001:db8::1", [], 0) == client_address("2001:db8::2", [], 0) == "2001:db8::/64"
    assert client_address("2001:db8:0:1::1", [], 0) != client_address("2001:db8::1", [], 0)


@pytest.mark.parametrize(
    ("origin", "parts"),
    [
        ("https://chat.example", ("https", "chat.example", 443)),
        ("HTTP://Chat.Example", ("http", "chat.example", 80)),
        ("http://localhost:8000", ("http", "localhost", 8000)),
        ("http://[::1]:8000", ("http", "[::1]", 8000)),
        ("null", None),
        ("", None),
        ("chat.example", None),
        ("ftp://chat.example", None),
        ("https://", None),
        ("https://chat.example/", None),
        ("https://chat.example:", None),
        ("https://chat.example:x", None),
        ("https://user@chat.example", None),
        ("https://chat.example?x", None),
        ("https://chat.example#x", None),
        ("https://chat.example\n", None),
        (" https://chat.example", None),
        ("https://[::1", None),
        ("https://chat.example, https://chat.example", None),
    ],
)
def test_an_origin_is_exactly_what_a_browser_writes(origin: str, parts: tuple[str, str, int] | None) -> None:
    assert origin_parts(origin) == parts


def test_one_origin_is_needed_and_it_must_be_ours_or_allowed() -> None:
    own, allowed = "https://chat.example", ["https://app.example"]
    assert is_own_origin(["https://chat.example:443"], own, [])
    assert is_own_origin(["https://app.example"], own, allowed)
    assert not is_own_origin([], own, allowed)
    assert not is_own_origin([own, own], own, allowed)
    assert not is_own_origin(["https://app.example"], own, [])


def test_nothing_unreadable_equals_anything_unreadable() -> None:
    assert not is_own_origin(["null"], "null", ["null"])
