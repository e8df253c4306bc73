"""The queue in a schema of a PostgreSQL database, for workers on any machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rag.stores import open_tables

from .leases import Execute


class PostgresDatabase:
    """Two tables in the schema that the URL names, beside those of a store, or alone."""

    now = "extract(epoch FROM clock_timestamp())"
    skip = " FOR UPDATE OF u SKIP LOCKED"
    serial = "BIGSERIAL PRIMARY KEY"
    blob = "BYTEA"

    def __init__(self, url: str) -> None:
        self._tables = open_tables(url)  # the store's way to connect: its pool, its search path, its errors

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        with self._tables.writing() as cursor:

            def execute(statement: str, values: Sequence[Any]) -> list[Mapping[str, Any]]:
                if statement.startswith("CREATE"):  # two that make one table at once would both fail
                    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('footnote queue', 0))")
                cursor.execute(statement.replace("?", "%s"), tuple(values))
                return cursor.fetchall() if cursor.description else []

            yield execute

    def close(self) -> None:
        self._tables.close()
