"""Fetch what an address has now: bounded in size and time, and never from a private network."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import aiohttp

TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)  # seconds
REDIRECTS = 5
MOST = 20 * 2**20  # bytes, unpacked
CHUNK = 64 * 2**10
TAKEN = {200, 206, 304, 416}  # HTTP: all, a part, nothing new, nothing behind that
AGENT = {"User-Agent": "Coach"}

Address = IPv4Address | IPv6Address
Allowed = Callable[[Address], bool]


class FetchError(Exception):
    """An address gave nothing; its argument is the trouble, as `bot.monitor.trouble` words it."""


@dataclass(frozen=True)
class Answer:
    """What an HTTP server said; the names of headers are in lower case."""

    url: str  # after redirects
    status: int  # one of TAKEN
    headers: Mapping[str, str]
    body: bytes


def is_public(address: Address) -> bool:
    """Tell whether an address lies in the open internet, so that nothing internal is read."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_global and not address.is_multicast


def anywhere(_: Address) -> bool:
    return True


async def fetch(
    url: str, headers: Mapping[str, str] | None = None, *, allowed: Allowed = is_public
) -> Answer:
    """Get an address. Raise FetchError where that fails, is too big, or leads where it mustn't."""
    # Asked of each socket, so whatever the name resolves to and wherever it is redirected.
    connector = aiohttp.TCPConnector(socket_factory=_sockets(allowed))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as session,
            session.get(
                url, headers={**AGENT, **(headers or {})}, max_redirects=REDIRECTS
            ) as answer,
        ):
            if answer.status not in TAKEN:
                raise FetchError(f"http {answer.status}")
            named = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(str(answer.url), answer.status, named, await _read(answer))
    except aiohttp.ClientConnectorError as error:
        refused = isinstance(error.os_error, PermissionError)
        raise FetchError("private" if refused else "unreachable") from None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        raise FetchError("unreachable") from None


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for chunk in answer.content.iter_chunked(CHUNK):
        size += len(chunk)
        if size > MOST:
            raise FetchError("too-big")
        parts.append(chunk)
    return b"".join(parts)


def _sockets(allowed: Allowed) -> Callable[[aiohttp.AddrInfoType], socket.socket]:
    def make(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = info
        if not allowed(ip_address(str(where[0]))):
            raise PermissionError(errno.EACCES)
        return socket.socket(family, kind, protocol)

    return make
