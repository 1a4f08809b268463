"""Who is at the other end: the client's address, and whether a page of ours is asking.

Both transports hand in what they know; nothing here reads a request.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}

# As a browser writes one (RFC 6454, section 6.2). A URL parser would also take what only looks like it.
ORIGIN: Final = re.compile(r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")


def client_address(peer: str, forwarded_for: Sequence[str], proxies: int) -> str:
    """The address of the client behind ``proxies`` trusted proxies.

    ``forwarded_for`` are the values of ``X-Forwarded-For``, in order. Each trusted proxy appended one
    entry; what stands before those the client wrote itself and is never believed. With fewer entries
    than proxies the peer is what we know. Of an IPv6 address it is the network, as ``2001:db8::/64``.
    """
    entries = [entry.strip() for value in forwarded_for for entry in value.split(",")]
    if proxies <= 0 or len(entries) < proxies:
        return _whose(peer)
    return _whose(entries[-proxies] or peer)


@lru_cache(maxsize=1024)
def _whose(address: str) -> str:
    """An address as limits count it: of IPv6, its /64 network, which has one owner (RFC 6177)."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return address


def origin_parts(origin: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin such as ``https://chat.example``; None if it is not one."""
    match = ORIGIN.fullmatch(origin.lower())
    if match is None:
        return None
    scheme, host, port = match.groups()
    return scheme, host, PORTS[scheme] if port is None else int(port)


def is_own_origin(origins: Sequence[str], own: str, others: Iterable[str]) -> bool:
    """Whether a handshake comes from a page of this site: exact scheme, host and port.

    ``origins`` are the values of its ``Origin`` header, of which there must be one; ``own`` is the origin
    under which the request reached us, ``others`` are those that the settings allow besides.
    """
    if len(origins) != 1:
        return False
    asking = origin_parts(origins[0])
    allowed: Collection[tuple[str, str, int] | None] = [origin_parts(one) for one in (own, *others)]
    return asking is not None and asking in allowed
