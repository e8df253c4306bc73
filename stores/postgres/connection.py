"""Connections to one schema of a PostgreSQL database: a pool, and the snapshot that a thread is in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from rag.errors import ConfigError, MissingExtra

from ..open import without_password
from .errors import translated, unreachable

if TYPE_CHECKING:
    from psycopg import Connection, Cursor
    from psycopg_pool import ConnectionPool

_PATIENCE = 10  # seconds for a connection to be made
_GLANCE = 2  # seconds after which it is looked why none came
_LEAST_SERVER = 140000

Row = dict[str, Any]


def split(url: str) -> tuple[str, str]:
    """A URL as libpq takes it, and the schema it names: `postgresql://host/db?schema=notes`, else `rag`.

    Raises ConfigError for a schema that is no plain name.
    """
    base, _, text = url.partition("?")
    query = dict(parse_qsl(text, keep_blank_values=True))
    schema = query.pop("schema", "rag")
    if not schema.isidentifier() or not schema.isascii() or schema != schema.lower() or len(schema) > 48:
        raise ConfigError(
            f"schema={schema} in {without_password(url)}: expected up to 48 small letters, digits and _, "
            "with a letter first"
        )
    query.setdefault("connect_timeout", str(_PATIENCE))
    return f"{base}?{urlencode(query, quote_via=quote)}", schema  # libpq takes no + for a space


def connected(url: str) -> Connection[Any]:
    """One connection, in autocommit mode. Raises StoreError where it cannot be made, MissingExtra."""
    try:
        import psycopg
        import psycopg_pool  # noqa: F401
        from pgvector.psycopg import register_vector  # noqa: F401
    except ImportError as error:
        raise MissingExtra("the store postgresql://", "postgres") from error
    conninfo, schema = split(url)
    try:
        connection: Connection[Any] = psycopg.connect(conninfo, autocommit=True)
    except psycopg.Error as error:
        raise unreachable(without_password(url), error) from error
    _find_tables(connection, schema)
    return connection


def tables(url: str) -> Connections:
    """For tables of another's own in the schema that the URL names, which is made where there is none."""
    with connected(url) as connection:
        _, schema = split(url)
        named = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        if connection.execute(named, (schema,)).fetchone() is None:
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    return Connections(url, 2, vectors=False)


def _find_tables(connection: Connection[Any], schema: str) -> None:
    """Makes the schema the first that is looked into; the others hold the types of extensions."""
    connection.execute(
        "SELECT set_config('search_path', %s || ', ' || current_setting('search_path'), false)", (schema,)
    )


def server_version(connection: Connection[Any]) -> int:
    """Such as 180004. Raises ConfigError for one that is too old."""
    version = int(connection.info.server_version)
    if version < _LEAST_SERVER:
        raise ConfigError(
            f"the server is PostgreSQL {version // 10000}, expected {_LEAST_SERVER // 10000} or later: "
            "upgrade it"
        )
    return version


class Connections:
    """A pool over one schema. Reads of a thread that is in a snapshot all go through the snapshot's.

    Without `vectors` it needs no pgvector.
    """

    def __init__(self, url: str, size: int, *, vectors: bool = True) -> None:
        from psycopg.rows import dict_row
        from psycopg_pool import ConnectionPool

        # What the pool logs is in the errors raised here; a program that listens to logs still gets it.
        logging.getLogger("psycopg").addHandler(logging.NullHandler())
        self.place = without_password(url)
        conninfo, self.schema = split(url)
        self._url, self._vectors = url, vectors
        self._local = threading.local()
        self._pool: ConnectionPool[Any] = ConnectionPool(
            conninfo,
            kwargs={"autocommit": True, "row_factory": dict_row},
            min_size=0,
            max_size=size,
            timeout=3 * _PATIENCE,
            reconnect_timeout=_PATIENCE,
            configure=self._configure,
            check=ConnectionPool.check_connection,
            open=True,
        )

    def _configure(self, connection: Connection[Any]) -> None:
        from pgvector.psycopg import register_vector

        _find_tables(connection, self.schema)
        if self._vectors:
            register_vector(connection)

    @contextmanager
    def writing(self) -> Iterator[Cursor[Row]]:
        """A transaction: all of it is committed at the end, or nothing."""
        with (
            translated(self.place),
            self._taken() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            yield cursor

    @contextmanager
    def reading(self) -> Iterator[Cursor[Row]]:
        """One state of the store for several statements: this thread's snapshot, or one of its own."""
        cursor: Cursor[Row] | None = getattr(self._local, "cursor", None)
        with translated(self.place):
            if cursor is not None:
                yield cursor
                return
            with self._frozen() as cursor:
                yield cursor

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Inside it, everything this thread reads is of one moment."""
        if getattr(self._local, "cursor", None) is not None:
            yield
            return
        with translated(self.place), self._frozen() as cursor:
            self._local.cursor = cursor
            try:
                yield
            finally:
                self._local.cursor = None

    @contextmanager
    def alone(self) -> Iterator[Cursor[Row]]:
        """A cursor outside of any transaction, for what does not run inside one (VACUUM, index builds)."""
        with translated(self.place), self._taken() as connection, connection.cursor() as cursor:
            yield cursor

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def _frozen(self) -> Iterator[Cursor[Row]]:
        with self._taken() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield cursor

    @contextmanager
    def _taken(self) -> Iterator[Connection[Any]]:
        """A connection from the pool; where there comes none, the reason."""
        from psycopg_pool import PoolTimeout

        try:
            connection = self._pool.getconn(timeout=_GLANCE)
        except PoolTimeout:
            connected(self._url).close()  # raises what is wrong, where it is not that all are in use
            connection = self._pool.getconn()
        try:
            yield connection
        finally:
            self._pool.putconn(connection)
