"""Requests to web servers that nobody vouches for: one host, public addresses only, few bytes, not too fast.

A host's name is resolved here and the request sent to that very address, so that a second look-up cannot lead
elsewhere. Redirects are followed one by one, each held to the same rules.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpx2

from rag.errors import LoadError

ROBOT = "footnote-rag"
_MOST_REDIRECTS = 5
_SECONDS = 30.0
_LONGEST = 300.0  # seconds that one body may take
_AGAIN = frozenset({429, 502, 503, 504})
_PAUSES = (1.0, 4.0)


class Reply(NamedTuple):
    """What came: status, headers in lower case, the body, and the address that it came from."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: str


class Client:
    """Requests to one host. `allow_hosts`: names that may be private; `delay`: seconds between requests."""

    def __init__(self, host: str, *, allow_hosts: tuple[str, ...], max_bytes: int, delay: float) -> None:
        self.host, self.delay = host, delay
        self._allowed = frozenset(name.lower() for name in allow_hosts)
        self._max_bytes = max_bytes
        self._last = 0.0
        self._client = httpx2.Client(
            follow_redirects=False,
            trust_env=False,  # a proxy would look the name up itself
            timeout=_SECONDS,
            headers={"User-Agent": f"{ROBOT}/0.1", "Accept-Encoding": "gzip, identity"},
        )

    def close(self) -> None:
        self._client.close()

    def get(self, address: str, headers: Mapping[str, str] | None = None) -> Reply:
        """The reply to a request, redirects within the host followed.

        Raises LoadError for a redirect to another host or in a circle, an address that may not be asked, a
        body over the limit or shorter than it says, and a server that does not answer.
        """
        seen = {address}
        for _ in range(_MOST_REDIRECTS + 1):
            reply = self._patient(address, headers or {})
            if reply.status not in (301, 302, 303, 307, 308):
                return reply
            target = urljoin(address, reply.headers.get("location", ""))
            if not target or target in seen:
                raise LoadError(f"redirects in a circle, to {target or 'nowhere'}")
            if host_of(target) != self.host or urlsplit(target).scheme not in ("http", "https"):
                raise LoadError(f"redirects to {target}, on another host: name that address to read it")
            if urlsplit(address).scheme == "https" and urlsplit(target).scheme != "https":
                raise LoadError(f"redirects from https to {target}, which is not encrypted")
            seen.add(target)
            address = target
        raise LoadError(f"redirects more than {_MOST_REDIRECTS} times")

    def _patient(self, address: str, headers: Mapping[str, str]) -> Reply:
        for pause in _PAUSES:
            reply = self._once(address, headers)
            if reply.status not in _AGAIN:
                return reply
            asked = reply.headers.get("retry-after", "")
            time.sleep(min(float(asked), 30.0) if asked.isdecimal() else pause)
        return self._once(address, headers)

    def _once(self, address: str, headers: Mapping[str, str]) -> Reply:
        wait = self._last + self.delay - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        parts = urlsplit(address)
        place = place_of(
            parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), self._allowed
        )
        port = f":{parts.port}" if parts.port else ""
        literal = f"[{place}]" if ":" in place else place
        target = urlunsplit((parts.scheme, literal + port, parts.path or "/", parts.query, ""))
        request = self._client.build_request(
            "GET",
            target,
            headers={**headers, "Host": (parts.hostname or "") + port},
            extensions={"sni_hostname": parts.hostname or ""},
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                return Reply(response.status_code, dict(response.headers), self._body(response), address)
            finally:
                response.close()
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise LoadError(f"the server did not answer: {error or type(error).__name__}") from error
        finally:
            self._last = time.monotonic()

    def _body(self, response: httpx2.Response) -> bytes:
        said = response.headers.get("content-length", "")
        if said.isdecimal() and int(said) > self._max_bytes:
            raise LoadError(self._too_large(int(said)))
        read = bytearray()
        end = time.monotonic() + _LONGEST
        for block in response.iter_bytes():
            read += block
            if len(read) > self._max_bytes:
                raise LoadError(self._too_large(len(read)))
            if time.monotonic() > end:
                raise LoadError(f"the body takes longer than {_LONGEST:.0f} s")
        return bytes(read)

    def _too_large(self, size: int) -> str:
        megabytes = self._max_bytes / 2**20
        return f"{size / 2**20:.1f} MB, more than {megabytes:g}: raise ingest.max_megabytes"


def place_of(host: str, port: int, allowed: frozenset[str]) -> str:
    """The address of a host, the first of those that may be asked. Raises LoadError where none may.

    `allowed`: names, in lower case, of hosts that may be within a network.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise LoadError(f"no such host: {host} ({error})") from error
    places = [str(each[4][0]).partition("%")[0] for each in addresses]
    if host.lower() in allowed:
        return places[0]
    hidden = [place for place in places if not _is_public(place)]
    if hidden:
        name = host if hidden[0] == host else f"{host}, {hidden[0]},"
        raise LoadError(
            f"{name} is an address within a network, which pages may not lead to; "
            f"to read it all the same, name it in ingest.allow_hosts"
        )
    return places[0]


def host_of(address: str) -> str:
    """Name and port that decide whether two addresses are of one host; `` for what is no address."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    name = (parts.hostname or "").lower()
    return name if port in (None, 80, 443, usual) else f"{name}:{port}"


def _is_public(place: str) -> bool:
    address = ipaddress.ip_address(place)
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return address.is_global and not address.is_multicast and (inner is None or inner.is_global)
