"""A Milvus server or cluster, or Milvus Lite in a file, as this store reaches it.

    milvus://HOST:PORT/COLLECTION       a server; milvuss:// with TLS
    milvus:///PATH/NAME.db              Milvus Lite, in this process alone

Lite is an imitation of the server in Python. It admits one writer and loses what threads write at once, so
all stores of one file in a process share one client, whose calls take turns.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from rag.errors import ConfigError, LockedError, MissingExtra, RagError, StoreError

if TYPE_CHECKING:
    from pymilvus import MilvusClient

COLLECTION = "footnote"
LEVELS = ("Strong", "Session", "Bounded", "Eventually")
"""How fresh reads are: all that was acknowledged, all of one's own, all but the last seconds, anything."""
OLDEST = (2, 3)
"""The oldest server that has arrays and JSON, on which filters rest."""
ROWS_A_REQUEST = 256
"""Rows have at most some 200 KB, and a request has to stay below 64 MB."""
MOST_HITS = 16_384
_PAGE = 1_000
_PATIENCE = 600.0  # seconds for Lite, which is this process: a busy machine is no reason to give up


class Place(NamedTuple):
    """Where a URL points: a server's address, or a file of Lite."""

    url: str
    address: str
    file: str
    collection: str


def place_of(url: str) -> Place:
    """Reads a URL. Raises ConfigError where it names neither a server nor a file of Lite."""
    parts = urlsplit(url)
    expected = "expected milvus://HOST:PORT/COLLECTION or milvus:///PATH/NAME.db"
    if not parts.hostname:
        if parts.scheme == "milvus" and re.fullmatch(r"/.*[^/]\.db", parts.path):
            return Place(url, "", str(Path(parts.path).resolve()), COLLECTION)
        raise ConfigError(f"{url} names neither a server nor a file: {expected}")
    collection = parts.path.strip("/") or COLLECTION
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]{0,199}", collection):
        raise ConfigError(f"{collection!r} is no name of a collection: expected letters, digits and _")
    scheme = "https" if parts.scheme == "milvuss" else "http"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Place(url, f"{scheme}://{host}:{parts.port or 19530}", "", collection)


@contextmanager
def translated(url: str) -> Iterator[None]:
    """The errors of the client as the framework's, with the next step."""
    from grpc import RpcError
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except RagError:
        raise
    except UnicodeEncodeError as error:
        raise StoreError(
            f"{url} keeps no text that holds half of a surrogate pair ({error}): replace such characters"
        ) from error
    except (MilvusException, RpcError, ValueError, OSError) as error:
        said = " ".join(str(error).split())[:300]
        if re.search(
            "UNAVAILABLE|Fail connecting|DEADLINE_EXCEEDED|not ready|closed channel", said, re.IGNORECASE
        ):
            raise StoreError(
                f"{url} does not answer ({said}): start the server, or mend the address"
            ) from error
        if re.search("unauthenticated|auth check failure|permission", said, re.IGNORECASE):
            raise StoreError(f"{url} refuses the token: set MILVUS_TOKEN to one that may write") from error
        if "no space left" in said.lower():
            raise StoreError(
                f"{url}: no space left: free some disk and run the command again; nothing stored is lost"
            ) from error
        raise StoreError(f"{url}: {said}") from error


class Connection:
    """The client of one place, bound to a level of consistency for what is read. Times are in seconds.

    Rows are maps of a collection's fields. `chunks` and `documents` are the names of the two collections.
    """

    def __init__(self, place: Place, *, token: str = "", database: str = "", timeout: float = 30.0) -> None:
        self.place = place
        self.chunks, self.documents = place.collection, f"{place.collection}_documents"
        self.level = LEVELS[0]
        self.lite = bool(place.file)
        self.known_heads: dict[str, tuple[int, float]] = {}  # of young documents, and when they were met
        self._timeout = max(timeout, _PATIENCE) if self.lite else timeout
        self._turn: Any = _LITE_TURN if self.lite else nullcontext()
        self.client = _opened(place, token, database, timeout)
        self.version = (9, 9) if self.lite else _version(str(self.call("get_server_version")))
        if self.version < OLDEST:
            self.close()
            raise StoreError(
                f"{place.url} is Milvus {self.version[0]}.{self.version[1]}, expected "
                f"{OLDEST[0]}.{OLDEST[1]} or newer: upgrade the server"
            )

    def call(self, method: str, *args: Any, **options: Any) -> Any:
        """A method of the client. Raises StoreError."""
        with translated(self.place.url), self._turn:
            return getattr(self.client, method)(*args, timeout=self._timeout, **options)

    def upsert(self, collection: str, rows: Sequence[dict[str, Any]]) -> None:
        self.call("upsert", collection, list(rows))

    def rows(self, collection: str, chosen: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """All rows that match, in no order."""
        rows: list[dict[str, Any]] = self.call(
            "query", collection, filter=chosen, output_fields=list(fields), consistency_level=self.level
        )
        return [dict(row) for row in rows]

    def page(
        self, collection: str, chosen: str, fields: Sequence[str], after: str, limit: int
    ) -> list[dict[str, Any]]:
        """Up to `limit` rows that match and whose keys are greater than `after`, in order of the key."""
        rows: list[dict[str, Any]] = self.call(
            "query",
            collection,
            filter=f'key > "{after}" and ({chosen})',
            output_fields=["key", *fields],
            limit=limit,
            consistency_level=self.level,
            iterator="True",  # these two are what the client's own iterator sends, for pages in order
            reduce_stop_for_best=True,
        )
        return sorted(map(dict, rows), key=lambda row: row["key"])

    def pages(self, collection: str, chosen: str, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        """All rows that match, page by page."""
        after = ""
        while rows := self.page(collection, chosen, fields, after, _PAGE):
            yield from rows
            after = rows[-1]["key"]

    def count(self, collection: str, chosen: str) -> int:
        (row,) = self.call(
            "query", collection, filter=chosen, output_fields=["count(*)"], consistency_level=self.level
        )
        return int(row["count(*)"])

    def search(
        self, field: str, query: Any, limit: int, chosen: str, params: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """The best chunks by one vector field, with `key`, `document`, `generation` and `score`."""
        (hits,) = self.call(
            "search",
            self.chunks,
            data=[query],
            anns_field=field,
            limit=min(limit, MOST_HITS),
            filter=chosen,
            output_fields=["document", "generation"],
            search_params=params,
            consistency_level=self.level,
        )
        sign = -1.0 if self.lite and params["metric_type"] == "BM25" else 1.0  # Lite's scores are negative
        # Servers differ on the name under which a hit has its key.
        return [
            {**hit["entity"], "key": hit.get("key", hit.get("id")), "score": sign * float(hit["distance"])}
            for hit in hits
        ]

    def forget(self, collection: str, chosen: str) -> None:
        """Deletes the rows that match now, by their keys: what comes while this runs is left."""
        while rows := self.page(collection, chosen, [], "", _PAGE):
            self.call("delete", collection, ids=[row["key"] for row in rows])

    def flush(self) -> None:
        for collection in (self.chunks, self.documents):
            self.call("flush", collection)

    def close(self) -> None:
        if not self.lite:
            self.client.close()
            return
        with _LITE_TURN:
            client, users = _LITE[self.place.file]
            _LITE[self.place.file] = (client, users - 1)
            if users == 1:
                from milvus_lite.server_manager import server_manager_instance

                del _LITE[self.place.file]
                client.close()
                server_manager_instance.release_server(self.place.file)


_LITE: dict[str, tuple[MilvusClient, int]] = {}
_LITE_TURN = threading.RLock()


def _opened(place: Place, token: str, database: str, timeout: float) -> MilvusClient:
    """Raises MissingExtra, and StoreError where nobody answers."""
    try:
        from pymilvus import MilvusClient

        if place.file:
            import milvus_lite  # noqa: F401
    except ImportError as error:
        raise MissingExtra(f"a store at {place.url}", "milvus-lite" if place.file else "milvus") from error
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # what it logs, it raises too
    if place.file:
        logging.getLogger("grpc._server").setLevel(logging.CRITICAL)  # Lite lacks calls that nobody needs
        return _shared(place)
    with translated(place.url):
        return MilvusClient(
            place.address,
            token=token or os.environ.get("MILVUS_TOKEN", ""),
            db_name=database,
            timeout=timeout,
            dedicated=True,
        )


def _shared(place: Place) -> MilvusClient:
    """The one client of a file in this process. Raises LockedError where another process has it open."""
    from milvus_lite.db import MilvusLite
    from milvus_lite.exceptions import DataDirLockedError
    from pymilvus import MilvusClient

    with _LITE_TURN:
        if place.file not in _LITE:
            try:
                Path(place.file).parent.mkdir(parents=True, exist_ok=True)
                MilvusLite(place.file).close()  # says why it cannot be opened, which the client does not
            except DataDirLockedError as error:
                raise LockedError(
                    f"{place.url} is open in another process: close it there, or use a server"
                ) from error
            except OSError as error:
                raise StoreError(
                    f"{place.url} cannot be written ({error.strerror}): name a place where you may write"
                ) from error
            with translated(place.url):
                quiet = {"grpc.keepalive_time_ms": 2**31 - 1}  # Lite hangs up on a client that pings it
                _LITE[place.file] = (MilvusClient(place.file, dedicated=True, grpc_options=quiet), 0)
        client, users = _LITE[place.file]
        _LITE[place.file] = (client, users + 1)
        return client


def _version(text: str) -> tuple[int, int]:
    numbers = re.findall(r"\d+", text)
    return (int(numbers[0]), int(numbers[1])) if len(numbers) > 1 else (0, 0)
