"""A Qdrant server, or the engine's local mode, as this store reaches it.

    qdrant://HOST:PORT/COLLECTION       a server; qdrants:// with TLS
    qdrant:///PATH                      a folder, in this process alone; qdrant://:memory:/NAME keeps nothing

Local mode is the client library's own imitation of the server, for tests and small trials.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from rag.errors import ConfigError, LockedError, MissingExtra, RagError, StoreError

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

COLLECTION = "footnote"
OLDEST = (1, 16)
"""The oldest server whose upserts can be conditional, on which replacing documents rests."""
RANKS_TEXT = (1, 20)
"""The oldest server whose text index gives BM25 scores."""


class Place(NamedTuple):
    """Where a URL points: a server's address, or a local folder (or `:memory:`)."""

    url: str
    address: str
    local: str
    collection: str


def place_of(url: str) -> Place:
    """Reads a URL. Raises ConfigError where it names neither a server nor a folder."""
    memory = re.fullmatch(r"qdrant://:memory:(?:/(.+))?", url)
    if memory:
        return Place(url, "", ":memory:", memory[1] or COLLECTION)
    parts = urlsplit(url)
    if parts.hostname:
        scheme = "https" if parts.scheme == "qdrants" else "http"
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        address = f"{scheme}://{host}:{parts.port or 6333}"
        return Place(url, address, "", parts.path.strip("/") or COLLECTION)
    if parts.scheme == "qdrant" and parts.path.strip("/"):
        return Place(url, "", parts.path, COLLECTION)
    raise ConfigError(f"{url} names no server: expected qdrant://HOST:PORT, such as qdrant://localhost:6333")


@contextmanager
def translated(url: str) -> Iterator[None]:
    """The errors of the client as the framework's, with the next step."""
    from httpx import HTTPError
    from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

    try:
        yield
    except RagError:
        raise
    except UnexpectedResponse as error:
        if error.status_code in (401, 403):
            raise StoreError(f"{url} refuses the key: set QDRANT_API_KEY to one that may write") from error
        said = " ".join((error.content or b"").decode("utf-8", "replace").split())[:300]
        raise StoreError(f"{url} answered {error.status_code}: {said}") from error
    except (ResponseHandlingException, HTTPError) as error:
        raise StoreError(f"{url} does not answer ({error}): start the server, or mend the address") from error
    except UnicodeEncodeError as error:
        raise StoreError(
            f"{url} keeps no text that holds half of a surrogate pair ({error}): replace such characters"
        ) from error
    except sqlite3.Error as error:  # the client's local mode
        raise StoreError(
            f"{url} cannot be written ({error}): free some disk or mend the permissions, and run the command "
            "again; nothing stored is lost"
        ) from error
    except (ApiException, ValueError, OSError, RuntimeError) as error:
        if "already accessed by another instance" in str(error):
            raise LockedError(f"{url} is open in another process: close it there, or use a server") from error
        raise StoreError(f"{url}: {str(error)[:300]}") from error


class Connection:
    """The client of one place. Local mode has one for the whole process, and one call at a time."""

    def __init__(self, place: Place, api_key: str, timeout: int) -> None:
        self.place = place
        self.known_generations: dict[str, tuple[int, float]] = {}
        self.client, self.version = _opened(place, api_key, timeout)
        self._turn: Any = _LOCAL_TURN if place.local else nullcontext()

    def __getattr__(self, name: str) -> Any:
        """A method of the client, bound to the collection where it takes one."""
        method = getattr(self.client, name)

        def call(*args: Any, **options: Any) -> Any:
            with translated(self.place.url), self._turn:
                return method(self.place.collection, *args, **options)

        return call

    @property
    def ranks_text(self) -> bool:
        return self.version >= RANKS_TEXT

    def close(self) -> None:
        if not self.place.local:
            self.client.close()
        elif self.place.local != ":memory:":
            with _LOCAL_TURN:
                client, users = _LOCAL[self.place.local]
                _LOCAL[self.place.local] = (client, users - 1)
                if users == 1:
                    del _LOCAL[self.place.local]
                    client.close()


_LOCAL: dict[str, tuple[QdrantClient, int]] = {}
_LOCAL_TURN = threading.RLock()


def _opened(place: Place, api_key: str, timeout: int) -> tuple[QdrantClient, tuple[int, int]]:
    """The client, and the version of what it talks to. Raises MissingExtra, StoreError."""
    try:
        from qdrant_client import QdrantClient
    except ImportError as error:
        raise MissingExtra(f"a store at {place.url}", "qdrant") from error
    with translated(place.url):
        if place.local:
            return _shared(place.local), RANKS_TEXT
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a key over plain HTTP is the user's to decide, on loopback say
            client = QdrantClient(
                url=place.address,
                api_key=api_key or os.environ.get("QDRANT_API_KEY") or None,
                timeout=timeout,
                check_compatibility=False,
            )
        version = _version(client.info().version)
    if version < OLDEST:
        raise StoreError(
            f"{place.url} is Qdrant {version[0]}.{version[1]}, expected {OLDEST[0]}.{OLDEST[1]} or newer: "
            "upgrade the server"
        )
    return client, version


def _shared(folder: str) -> QdrantClient:
    from qdrant_client import QdrantClient

    with _LOCAL_TURN:
        if folder not in _LOCAL:
            where = {"location": folder} if folder == ":memory:" else {"path": folder}
            _LOCAL[folder] = (QdrantClient(**where, force_disable_check_same_thread=True), 0)
        client, users = _LOCAL[folder]
        _LOCAL[folder] = (client, users + 1)
        return client


def _version(text: str) -> tuple[int, int]:
    numbers = re.findall(r"\d+", text)
    return (int(numbers[0]), int(numbers[1])) if len(numbers) > 1 else (0, 0)
