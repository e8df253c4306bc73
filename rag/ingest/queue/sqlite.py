"""The queue in an SQLite file, for processes of one machine."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.errors import StoreError

from .leases import Execute

_PATIENCE = 60  # seconds to wait for another writer, each of which is in for milliseconds


class SqliteDatabase:
    """One file. Not for a network drive: SQLite's locks need the file system of the machine."""

    now = "((julianday('now') - 2440587.5) * 86400.0)"
    skip = ""  # a writer is alone
    serial = "INTEGER PRIMARY KEY AUTOINCREMENT"
    blob = "BLOB"

    def __init__(self, path: Path) -> None:
        self._path, self._turn = path, threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA auto_vacuum = FULL")  # it ends as small as it began
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
        except (OSError, sqlite3.Error) as error:
            raise _unusable(path, error) from error

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        def execute(statement: str, values: Sequence[Any]) -> list[Mapping[str, Any]]:
            return self._connection.execute(statement, values).fetchall()

        with self._turn:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield execute
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise _unusable(self._path, error) from error

    def close(self) -> None:
        with self._turn:
            self._connection.close()


def _unusable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"the queue {path} cannot be used ({error}): see that its folder can be written and has space, "
        "or name another place with --queue"
    )
