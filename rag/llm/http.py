"""Requests to a model server over kept connections: time limits, retries, server-sent events; no redirects.

A redirect is not followed, because it would carry the key to another host. Pauses before retries are up to
0.5, 1, 2, … seconds, drawn at random so that many callers do not come back at once, or what the server asks
for in Retry-After (seconds or a date); 30 at most.
"""

from __future__ import annotations

import ipaddress
import json
import random
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from rag.errors import ConfigError, ModelError
from rag.secrets import Secret

_NO_KEY = Secret()
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504}
_LONGEST = 2**20  # bytes of an event, and of a body that does not stream


class Refused(ModelError):
    """The server understood nothing, or would not; `code` is its HTTP status."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Server:
    """One API by its base URL. Threads may share it; its connections close with it."""

    def __init__(
        self, base_url: str, *, timeout: float = 120.0, retries: int = 3, offline: bool = False
    ) -> None:
        host = _host(base_url)
        if not host:
            raise ConfigError(
                f"model.base_url is {base_url!r}, expected an address such as http://127.0.0.1:8080/v1"
            )
        here = _is_here(host)
        if offline and not here:
            raise ConfigError(f"offline: {host} is another machine; name a server on this one")
        self.address = base_url.rstrip("/")
        self._timeout, self._retries = timeout, retries
        self._client = httpx2.Client(
            timeout=timeout,
            follow_redirects=False,
            trust_env=not here,  # a proxy cannot reach this machine
            headers={
                "Accept": "text/event-stream, application/json",
                "Accept-Encoding": "identity",  # a compressed stream comes in lumps
                "User-Agent": "footnote-rag",
            },
        )
        weakref.finalize(self, self._client.close)

    def get(self, path: str, key: Secret = _NO_KEY) -> dict[str, Any]:
        """A JSON object. Raises ModelError."""
        response = self._answered("GET", path, None, key)
        try:
            values = json.loads(self._body(response))
        except ValueError as error:
            raise ModelError(
                f"{self.address}/{path} sent no JSON: is it an OpenAI-compatible API?"
            ) from error
        return values if isinstance(values, dict) else {}

    def events(self, path: str, body: Mapping[str, Any], key: Secret = _NO_KEY) -> Iterator[str]:
        """The data of each server-sent event, or the whole body where the server does not stream."""
        response = self._answered("POST", path, body, key)
        if "text/event-stream" not in response.headers.get("Content-Type", ""):
            yield self._body(response).decode("utf-8", "replace")
            return
        try:
            events = iter(httpx2.EventSource(response, _LONGEST))
            for event in events:
                if event.data == "[DONE]":
                    with suppress(httpx2.HTTPError):  # read to its end, a connection can be used again
                        list(events)
                    return
                if event.data:
                    yield event.data
        except httpx2.HTTPError as error:
            raise self._broken(error) from error
        finally:
            response.close()

    def _body(self, response: httpx2.Response) -> bytes:
        """The first of a body, as much as an answer may be long."""
        read = bytearray()
        try:
            for block in response.iter_bytes():
                read += block
                if len(read) >= _LONGEST:
                    break
        except httpx2.HTTPError as error:
            raise self._broken(error) from error
        finally:
            response.close()
        return bytes(read[:_LONGEST])

    def _answered(
        self, method: str, path: str, body: Mapping[str, Any] | None, key: Secret
    ) -> httpx2.Response:
        """An open response. What may pass is tried again; what cannot is raised at once."""
        headers = {"Authorization": f"Bearer {key.reveal()}"} if key else None
        for attempt in range(self._retries + 1):
            pause = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1)
            try:
                request = self._client.build_request(
                    method, f"{self.address}/{path}", headers=headers, json=body
                )
                response = self._client.send(request, stream=True)
                if response.is_success:
                    return response
                if response.status_code not in _AGAIN or attempt == self._retries:
                    raise self._refused(response)
                response.close()
                pause = _asked(response.headers.get("Retry-After", ""), pause)
            except (httpx2.TransportError, httpx2.InvalidURL) as error:
                if attempt == self._retries or not isinstance(error, httpx2.TransportError):
                    raise self._unreached(error) from error
            time.sleep(pause)
        raise ModelError(f"{self.address} was not asked: retries is {self._retries}, expected 0 or more")

    def _refused(self, response: httpx2.Response) -> ModelError:
        code = response.status_code
        message = _message(self._body(response))
        if code in (401, 403):
            return ModelError(
                f"{self.address} refuses the key ({code}{message}): put the right one into the "
                "environment variable that model.key_env names"
            )
        if code == 404:
            return ModelError(
                f"{self.address} knows no such model or address (404{message}): check model.name and "
                "model.base_url, which mostly ends in /v1"
            )
        if 300 <= code < 400:
            return ModelError(
                f"{self.address} points to {response.headers.get('Location', 'another address')}: put that "
                "into model.base_url if you trust it; it is not followed, so that no key goes there"
            )
        return Refused(f"{self.address} answered {code}{message}", code)

    def _unreached(self, error: Exception) -> ModelError:
        if isinstance(error, httpx2.TimeoutException):
            return ModelError(
                f"{self.address} did not answer within {self._timeout:g} s: raise model.timeout, or use a "
                "smaller model"
            )
        return ModelError(
            f"{self.address} cannot be reached ({error}): is the server running at that address?"
        )

    def _broken(self, error: Exception) -> ModelError:
        return ModelError(f"{self.address} broke off in the middle of an answer ({error}): ask again")


def _host(base_url: str) -> str:
    """The host of an address of HTTP; empty where it is none."""
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL:
        return ""
    return url.host if url.scheme in ("http", "https") else ""


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _asked(retry_after: str, pause: float) -> float:
    """The seconds that Retry-After asks for, as a number or an HTTP date; `pause` where it asks nothing."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            at = parsedate_to_datetime(retry_after)
        except ValueError:
            return pause
        # A date of unknown zone ("-0000") comes without one: HTTP's are in UTC.
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    # A little more than asked, each caller another little; NaN asks for nothing.
    return min(seconds * random.uniform(1, 1.1), _LONGEST_PAUSE) if seconds > 0 else 0.0


def _message(body: bytes) -> str:
    """What the server says of an error, if it says it in the usual form."""
    try:
        error = json.loads(body).get("error", "")
    except (ValueError, AttributeError):
        return ""
    message = error.get("message", "") if isinstance(error, dict) else error
    return f": {str(message)[:300]}" if message else ""
