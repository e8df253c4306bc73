"""A LanceDB table as this store uses it: one handle a thread, at the newest version or pinned to one.

Every commit of Lance is a version of the whole table. A handle stays at its version until it is asked to look
for the newest, which is what makes snapshots: nothing is copied or locked.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, CorruptError, LockedError, MissingExtra, RagError, StoreError

if TYPE_CHECKING:
    import lancedb
    import pyarrow as pa
    from lancedb.table import LanceTable

NAME = "footnote"
"""The table's name in the database."""


@contextmanager
def translated(url: str) -> Iterator[None]:
    """The errors of LanceDB, of its object store and of Arrow as the framework's, with the next step."""
    try:
        yield
    except RagError:
        raise
    except UnicodeEncodeError as error:
        raise StoreError(
            f"{url} keeps no text that holds half of a surrogate pair ({error}): replace such characters"
        ) from error
    except (RuntimeError, OSError, ValueError) as error:
        raise _store_error(url, str(error)) from error


_KNOWN: tuple[tuple[tuple[str, ...], str], ...] = (
    (("nosuchbucket", "bucket does not exist"), "the bucket does not exist: create it, or name another"),
    (
        ("accessdenied", "invalidaccesskeyid", "signaturedoesnotmatch", "403 forbidden", "401 unauthorized"),
        "the server refuses these keys: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (
        ("error sending request", "connection refused", "timed out", "dns error"),
        "no answer: check the endpoint, and that its server runs",
    ),
    (("no space left",), "no space left: free some disk and run the command again; nothing stored is lost"),
    (
        ("permission denied", "read-only file system", "not a directory", "no such file or directory"),
        "it cannot be made or written there: mend the permissions, or name another folder",
    ),
)
"""What the engine says in some spelling, and what a person should know of it."""


def _store_error(url: str, text: str) -> StoreError:
    """One clear error for what the engine said; its own words are the cause behind it."""
    low = text.lower()
    if "conflict" in low or "too many concurrent writers" in low:
        return LockedError(f"{url}: others wrote the same documents again and again: try again")
    for signs, message in _KNOWN:
        if any(sign in low for sign in signs):
            return StoreError(f"{url}: {message}")
    said = " ".join(text.split())[:300]
    if "not found" in low or "corrupt" in low:
        return CorruptError(f"{url} misses a part of itself ({said}): restore a backup, or ingest again")
    return StoreError(f"{url}: {said}")


def connected(url: str, storage: Mapping[str, str]) -> lancedb.DBConnection:
    """The database under a URL: `lancedb://PATH`, or `s3://bucket/path`. Raises MissingExtra, ConfigError."""
    try:
        import lancedb
    except ImportError as error:
        raise MissingExtra(f"a store at {url}", "lancedb") from error
    if in_bucket(url):
        return lancedb.connect(url, storage_options=dict(storage))
    return lancedb.connect(str(_folder(url)))


def in_bucket(url: str) -> bool:
    return url.startswith("s3://")


def _folder(url: str) -> Path:
    path = url.removeprefix("lancedb://")
    if not path:
        raise ConfigError(f"{url} names no folder: expected lancedb://PATH, such as lancedb://books.lance")
    return Path(path).expanduser()


def s3_options(
    endpoint: str,
    region: str,
    access_key: str,
    secret_key: str,
    *,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The options of the object store; what is empty comes from the environment's `AWS_…` variables.

    A server that is not there is given up after seconds, not after the minutes of the engine's default.
    """
    endpoint = (
        endpoint or environment.get("AWS_ENDPOINT_URL_S3", "") or environment.get("AWS_ENDPOINT_URL", "")
    )
    given = {
        "aws_endpoint": endpoint,
        "aws_region": region,
        "aws_access_key_id": access_key,
        "aws_secret_access_key": secret_key,
        "allow_http": "true" if endpoint.startswith("http://") else "",
        "client_max_retries": "3",
        "client_retry_timeout": "20",
        "connect_timeout": "5s",
    }
    return {name: value for name, value in given.items() if value}


def is_there(url: str, storage: Mapping[str, str]) -> bool:
    """Whether there is a store. Makes nothing, which to connect to a folder would."""
    if not in_bucket(url) and not (_folder(url) / f"{NAME}.lance").exists():
        return False
    return NAME in connected(url, storage).list_tables().tables


class Versions:
    """Handles of one table. `pinned`, a version's number or a tag, opens it as it was: then it only reads."""

    def __init__(self, url: str, database: lancedb.DBConnection, pinned: int | str | None = None) -> None:
        self.url = url
        self.pinned = pinned
        self._database = database
        self._local = threading.local()

    @property
    def current(self) -> LanceTable:
        """This thread's handle: inside a snapshot at its version, otherwise at the newest."""
        return self._handle() if self._depth else self._newest()

    @property
    def writable(self) -> LanceTable:
        """This thread's handle for a commit. Raises StoreError inside a snapshot and for an old version."""
        if self._depth:
            raise StoreError("a write inside a snapshot: leave `with store.snapshot()` first")
        if self.pinned is not None:
            raise StoreError(
                f"{self.url} is open at version {self.pinned}, which only reads: open it without a version"
            )
        return self.current

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Inside it, `current` of this thread stays at one version."""
        if not self._depth:
            self._newest()
        self._local.depth = self._depth + 1
        try:
            yield
        finally:
            self._local.depth -= 1

    def close(self) -> None:
        self._local = threading.local()

    @property
    def _depth(self) -> int:
        return getattr(self._local, "depth", 0)

    def _newest(self) -> LanceTable:
        table = self._handle()
        if self.pinned is None:
            table.checkout_latest()
        return table

    def _handle(self) -> LanceTable:
        table = getattr(self._local, "table", None)
        if table is None:
            table = self._database.open_table(NAME)
            if self.pinned is not None:
                table.checkout(self.pinned)
            self._local.table = table
        return table


def rows(table: LanceTable, where: str, columns: Sequence[str]) -> pa.Table:
    """The rows that match, in no order."""
    return table.search().where(where).select(list(columns)).to_arrow()


def retried(work: Callable[[], Any], times: int = 8) -> Any:
    """Does what met another's commit again, after longer and longer moments."""
    for turn in range(times - 1):
        try:
            return work()
        except (RuntimeError, OSError) as error:
            if not is_conflict(error):
                raise
            time.sleep(random.uniform(0, 0.05 * 2**turn))
    return work()


def is_conflict(error: Exception) -> bool:
    """Whether another's commit was in the way."""
    return "conflict" in str(error).lower()
