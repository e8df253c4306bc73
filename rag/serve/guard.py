"""What every request passes before it is looked at: host, origin, token, size and time.

A page of another site can make a browser send requests to this machine, and by changing what its name
resolves to (DNS rebinding) even read the answers. So a request must name this server by an address or by a
name that was allowed, and must not come from another origin.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from .limits import Limits
from .requests import Refused
from .tokens import ANYBODY, LINKED, Tokens

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
# What a browser must get before it can send a token: the page itself, and whether the server lives.
_REPORT = re.compile(r"/api/indexes/[^/]+/runs/[^/]+")  # a link to it may carry a key
_OPEN = ("/", "/page/", "/health", "/ready")
_UPLOAD_TIMES = 10


@dataclass(frozen=True, slots=True)
class Doors:
    """Names by which the server may be called, and other origins whose pages may call it."""

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    @classmethod
    def of(cls, hosts: Collection[str], origins: Collection[str]) -> Doors:
        """Of what was named on the command line; names compare without case."""
        return cls(frozenset(h.lower() for h in hosts), frozenset(o.lower().rstrip("/") for o in origins))

    def host(self, header: str) -> bool:
        """An address cannot be rebound; a name must be localhost or one that was allowed."""
        try:
            name = urlsplit(f"//{header}").hostname or ""
        except ValueError:
            return False
        if name in {"localhost", *self.hosts}:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def origin(self, origin: str, host: str) -> bool:
        """The server's own pages, and those of origins that were allowed."""
        return origin.lower() in self.origins or urlsplit(origin).netloc.lower() == host.lower()


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, doors: Doors, tokens: Tokens, limits: Limits) -> None:
        self.app, self.doors, self.tokens, self.limits = app, doors, tokens, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = self._with_headers(headers, send)
        refused = self._refused(scope, headers)
        if refused is not None:
            await refused(scope, receive, send)
            return
        try:
            await self.app(scope, self._bounded(scope, headers, receive), send)
        except Refused as error:  # from a route that tells no errors itself
            await problem(error.status, error.detail)(scope, receive, send)

    def _refused(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self.doors.host(host):
            return problem(421, "this server is not called by that name: allow it with --allow-host")
        if origin is not None and not self.doors.origin(origin, host):
            return problem(403, "pages of another origin may not call this server: see --allow-origin")
        visit = headers.get("sec-fetch-mode") == "navigate" and scope["path"] == "/"
        if headers.get("sec-fetch-site") == "cross-site" and origin is None and not visit:
            return problem(403, "pages of another origin may not call this server: see --allow-origin")
        if scope["method"] == "OPTIONS" and origin is not None:
            return JSONResponse(None, 204)
        return self._unknown(scope, headers)

    def _unknown(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        """Who calls is told to the application, or the answer is that nobody knows."""
        scope.setdefault("state", {})["holder"] = ANYBODY
        if not self.tokens:
            return None
        kind, _, token = headers.get("authorization", "").partition(" ")
        holder = self.tokens.holder(token.strip()) if kind.lower() == "bearer" else None
        path = scope["path"]
        if holder is None and scope["method"] == "GET" and _REPORT.fullmatch(path):
            key = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
            holder = LINKED if self.tokens.links.opens(path, key) else None
        if holder is None:
            if any(
                path == open_path
                or (len(open_path) > 1 and open_path.endswith("/") and path.startswith(open_path))
                for open_path in _OPEN
            ):
                return None
            return problem(
                401, "a token is needed: send Authorization: Bearer TOKEN", **{"www-authenticate": "Bearer"}
            )
        scope["state"]["holder"] = holder
        return None

    def _with_headers(self, request: Headers, send: Send) -> Send:
        origin = request.get("origin", "").lower()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if origin in self.doors.origins:
                    headers["access-control-allow-origin"] = origin
                    headers["vary"] = "origin"
                    headers["access-control-allow-headers"] = (
                        "authorization, content-type, mcp-protocol-version, mcp-session-id"
                    )
                    headers["access-control-allow-methods"] = "GET, POST, DELETE"
            await send(message)

        return sending

    def _bounded(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        """The body as it comes in, until it is too much or takes too long."""
        upload = headers.get("content-type", "").startswith("multipart/form-data")
        most = self.limits.upload_bytes if upload else self.limits.body_bytes
        end = asyncio.get_running_loop().time() + self.limits.body_seconds * (_UPLOAD_TIMES if upload else 1)
        length = headers.get("content-length", "")
        got, whole = 0, False

        async def bounded() -> Message:
            nonlocal got, whole
            if whole:  # only the end of the connection can follow
                return await receive()
            if length.isdigit() and int(length) > most:
                raise Refused(413, f"a body of {length} bytes, at most {most} are read")
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise Refused(
                    408, f"the request did not come in whole within {self.limits.body_seconds:g} s"
                ) from None
            got += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if got > most:
                raise Refused(413, f"a body of more than {most} bytes")
            return message

        return bounded


def problem(status: int, detail: str, **headers: str) -> JSONResponse:
    """An error as every route tells it: what came, what was expected, what to do."""
    return JSONResponse({"error": {"status": status, "message": detail}}, status, headers)
