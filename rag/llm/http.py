"""Requests to a model server: time limits, repeats with growing pauses, server-sent events; no redirects.

A redirect is not followed, because it would carry the key to another host. Pauses before repeats are 0.5, 1,
2, … seconds, or what the server asks for in Retry-After, at most 30.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

from rag.errors import ConfigError, ModelError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504}
_LONGEST_LINE = 2**20


class Refused(ModelError):
    """The server understood nothing, or would not; `code` is its HTTP status."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Server:
    """One API by its base URL."""

    def __init__(
        self, base_url: str, *, timeout: float = 120.0, retries: int = 3, offline: bool = False
    ) -> None:
        parts = urllib.parse.urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"model.base_url is {base_url!r}, expected an address such as http://127.0.0.1:8080/v1"
            )
        if offline and not _is_here(parts.hostname):
            raise ConfigError(f"offline: {parts.hostname} is another machine; name a server on this one")
        self.address = base_url.rstrip("/")
        self._timeout, self._retries = timeout, retries
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if _is_here(parts.hostname):  # a proxy cannot reach this machine
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, path: str, key: str = "") -> dict[str, Any]:
        """A JSON object. Raises ModelError."""
        with self._answered(path, None, key) as response:
            try:
                told = json.loads(response.read(_LONGEST_LINE))
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                raise ModelError(
                    f"{self.address}/{path} sent no JSON: is it an OpenAI-compatible API?"
                ) from error
        return told if isinstance(told, dict) else {}

    def events(self, path: str, body: Mapping[str, Any], key: str = "") -> Iterator[str]:
        """The data of each server-sent event, or the whole body where the server does not stream."""
        with self._answered(path, body, key) as response:
            try:
                if "text/event-stream" not in response.headers.get("Content-Type", ""):
                    yield response.read(_LONGEST_LINE).decode("utf-8", "replace")
                    return
                yield from _data(response)
            except (OSError, http.client.HTTPException) as error:
                raise ModelError(
                    f"{self.address} broke off in the middle of an answer ({error}): ask again"
                ) from error

    def _answered(self, path: str, body: Mapping[str, Any] | None, key: str) -> Any:
        """An open response. What may pass is tried again; what cannot is told at once."""
        for attempt in range(self._retries + 1):
            pause = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
            try:
                return self._opener.open(self._request(path, body, key), timeout=self._timeout)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in _AGAIN or attempt == self._retries:
                        raise self._refused(error) from None
                    pause = _asked(error.headers.get("Retry-After"), pause)
            except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
                if attempt == self._retries:
                    raise self._unreached(error) from error
            time.sleep(pause)
        raise ModelError(f"{self.address} was asked no time: retries is {self._retries}, expected 0 or more")

    def _request(self, path: str, body: Mapping[str, Any] | None, key: str) -> urllib.request.Request:
        headers = {"Accept": "text/event-stream, application/json", "User-Agent": "footnote-rag"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        return urllib.request.Request(f"{self.address}/{path}", data=data, headers=headers)  # noqa: S310

    def _refused(self, error: urllib.error.HTTPError) -> ModelError:
        told = _message(error.read(_LONGEST_LINE))
        if error.code in (401, 403):
            return ModelError(
                f"{self.address} refuses the key ({error.code}{told}): put the right one into the "
                "environment variable that model.key_env names"
            )
        if error.code == 404:
            return ModelError(
                f"{self.address} knows no such model or address (404{told}): check model.name and "
                "model.base_url, which mostly ends in /v1"
            )
        if 300 <= error.code < 400:
            return ModelError(
                f"{self.address} points to {error.headers.get('Location', 'another address')}: put that into "
                "model.base_url if you trust it; it is not followed, so that no key goes there"
            )
        return Refused(f"{self.address} answered {error.code}{told}", error.code)

    def _unreached(self, error: Exception) -> ModelError:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            return ModelError(
                f"{self.address} did not answer within {self._timeout:g} s: raise model.timeout, or use a "
                "smaller model"
            )
        return ModelError(
            f"{self.address} cannot be reached ({reason}): is the server running at that address?"
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _data(response: Any) -> Iterator[str]:
    """The data fields of a stream of server-sent events; `[DONE]` ends it."""
    lines: list[str] = []
    while raw := response.readline(_LONGEST_LINE):
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
        elif not line and lines:
            data, lines = "\n".join(lines), []
            if data == "[DONE]":
                return
            yield data
    if lines and lines != ["[DONE]"]:
        yield "\n".join(lines)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _asked(told: str | None, pause: float) -> float:
    """The pause that Retry-After asks for, in seconds."""
    try:
        return min(max(float(told or pause), 0.0), _LONGEST_PAUSE)
    except ValueError:
        return pause


def _message(body: bytes) -> str:
    """What the server says of an error, if it says it in the usual form."""
    try:
        error = json.loads(body).get("error", "")
    except (ValueError, AttributeError):
        return ""
    message = error.get("message", "") if isinstance(error, dict) else error
    return f": {str(message)[:300]}" if message else ""
