"""A store in PostgreSQL with pgvector: one schema of a database, any number of readers and writers.

    postgresql://user@host/database?schema=notes        the password comes from PGPASSWORD or ~/.pgpass

`schema.py` has the tables, `write.py` replaces documents, `dense.py` and `lexical.py` search, `filter.py`
turns filters into SQL, `connection.py` keeps the connections, and `errors.py` says what went wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from rag.types import Chunk, Document, DocumentInfo, Scored

from ..contract import BuiltWith, Capabilities, Problem, Upsert
from ..engine.payload import chunk_of, document_of, info_of
from ..open import without_password
from ..upsert import prepared
from ..where import Filter, Op
from ..where_sql import Sql
from .check import problems
from .connection import Connections, connected, split
from .dense import INDEX, Dense
from .filter import needs_chunks, to_sql
from .language import Language
from .lexical import engine
from .schema import TYPES, Built, prepare, read_meta
from .write import Writer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from psycopg import Cursor

    from .connection import Row

CAPS = Capabilities(
    name="postgres",
    lexical="postings",
    filters=frozenset(get_args(Op)),
    bm25=True,
    unspaced=True,
    dense="exact, then hnsw",
    vectors="float16",
    concurrent_writers=True,
)
_BATCH = 500  # chunks, about, that go into one transaction; a document is never cut
_PAGE = 1000

_CHUNK = """
c.id, d.id AS document_id, d.source, c.text, c.begins, c.ends, d.title, c.page, c.heading, c.header,
d.metadata
"""
_TABLES = "chunk c JOIN document d ON d.key = c.document"
_DOCUMENT = "id, source, title, hash, chunks, metadata, text, pages, media_type"


class PostgresStore:
    """A `VectorStore` in one schema. Use `open`."""

    def __init__(self, connections: Connections, built: Built, dense: Dense) -> None:
        self._connections, self.built, self._dense = connections, built, dense
        self._engine = engine(built.lexical)
        self._language = Language(built)

    @property
    def caps(self) -> Capabilities:
        return replace(CAPS, lexical=self.built.lexical, bm25=self._engine.bm25, vectors=self.built.vectors)

    @property
    def language(self) -> str:
        """The language of the lexical leg."""
        with self._connections.reading() as cursor:
            return self._language.now(cursor)

    # ------------------------------------------------------------------------------------------- writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Any number may write."""
        yield

    def upsert(self, items: Sequence[Upsert]) -> None:
        for batch in _batches(prepared(items, self.built.dim)):
            with self._connections.writing() as cursor:
                self._writer(cursor, [chunk for item in batch for chunk in item.chunks]).replace(batch)

    def delete(self, document_ids: Sequence[str] = (), where: Filter | None = None) -> int:
        with self._connections.writing() as cursor:
            return self._writer(cursor).delete(document_ids, where)

    def _writer(self, cursor: Cursor[Row], chunks: Sequence[Chunk] = ()) -> Writer:
        analyse = self._language.for_writing(cursor, chunks, self._engine).analyze
        return Writer(cursor, self._connections.schema, self.built.vectors, self._engine, analyse)

    def sync(self) -> None:
        """What was committed is durable and seen already; this brings the indexes to full speed."""
        with self._connections.writing() as cursor:
            self._language.settle(cursor)
        with self._connections.alone() as cursor:
            cursor.execute("SET client_min_messages = error")
            self._engine.tidy(cursor)
            cursor.execute("VACUUM (ANALYZE, SKIP_LOCKED) document, chunk, embedding")
            self._dense.build(cursor, self._connections.schema)
            cursor.execute("RESET client_min_messages")

    # ----------------------------------------------------------------------------------------- searching

    def snapshot(self) -> AbstractContextManager[None]:
        return self._connections.snapshot()

    def dense(self, vector: NDArray[np.float32], k: int, where: Filter | None = None) -> list[Scored]:
        if k < 1:
            return []
        with self._connections.reading() as cursor:
            return self._dense.search(cursor, vector, k, _sql(where))

    def lexical(self, text: str, k: int, where: Filter | None = None) -> list[Scored]:
        with self._connections.reading() as cursor:
            terms = Counter(self._language.analyzer(cursor).analyze(text))
            if k < 1 or not terms:
                return []
            return self._engine.search(cursor, terms, k, _sql(where))

    # ------------------------------------------------------------------------------------------- reading

    def get(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        with self._connections.reading() as cursor:
            cursor.execute(f"SELECT {_CHUNK} FROM {_TABLES} WHERE c.id = ANY(%s)", (list(chunk_ids),))
            there = {row["id"]: chunk_of(row) for row in cursor}
        return [there[chunk_id] for chunk_id in chunk_ids if chunk_id in there]

    def load(self, document_ids: Sequence[str]) -> list[Document]:
        with self._connections.reading() as cursor:
            cursor.execute(f"SELECT {_DOCUMENT} FROM document WHERE id = ANY(%s)", (list(document_ids),))
            there = {row["id"]: document_of(row) for row in cursor}
        return [there[document_id] for document_id in document_ids if document_id in there]

    def documents(self, where: Filter | None = None) -> Iterator[DocumentInfo]:
        """In pages, so that no transaction stays open while the caller works."""
        condition, values = to_sql(where)
        if where is not None and needs_chunks(where):
            condition = f"EXISTS (SELECT 1 FROM chunk c WHERE c.document = d.key AND {condition})"
        after = ("", "")
        while True:
            with self._connections.reading() as cursor:
                cursor.execute(
                    "SELECT id, source, title, hash, chunks, metadata FROM document d"
                    f" WHERE (source, id) > (%s, %s) AND {condition} ORDER BY source, id LIMIT %s",
                    (*after, *values, _PAGE),
                )
                page = [info_of(row) for row in cursor]
            yield from page
            if len(page) < _PAGE:
                return
            after = (page[-1].source, page[-1].id)

    def scan(
        self, after: str = "", limit: int = 1000, where: Filter | None = None
    ) -> list[tuple[Chunk, NDArray[np.float32]]]:
        condition, values = to_sql(where)
        with self._connections.reading() as cursor:
            cursor.execute(
                f"SELECT {_CHUNK}, v.value FROM {_TABLES} JOIN embedding v USING (position)"
                f" WHERE c.id > %s AND {condition} ORDER BY c.id LIMIT %s",
                (after, *values, limit),
                binary=True,
            )
            return [(chunk_of(row), row["value"].to_numpy().astype("float32")) for row in cursor]

    def stats(self) -> Mapping[str, Any]:
        built = self.built
        with self._connections.reading() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM document) AS documents, (SELECT count(*) FROM chunk) AS chunks,"
                " (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
                "   WHERE relnamespace = %s::regnamespace AND relkind = 'r') AS bytes,"
                " to_regclass(%s) IS NOT NULL AS hnsw",
                (self._connections.schema, INDEX),
            )
            row = cursor.fetchone() or {}
            language = self._language.now(cursor)
        return {
            "documents": row["documents"],
            "chunks": row["chunks"],
            "dim": built.dim,
            "bytes": row["bytes"],
            "engine": built.lexical,
            "dense": "hnsw" if row["hnsw"] else "exact",
            "vectors": built.vectors,
            "language": language,
            "embedder": built.embedder,
            "fingerprint": built.fingerprint,
        }

    def problems(self) -> Sequence[Problem]:
        with self._connections.reading() as cursor:
            return problems(cursor, self.built.lexical)

    def close(self) -> None:
        self._connections.close()


def open(  # noqa: A001
    url: str,
    *,
    fingerprint: str,
    dim: int,
    embedder: str = "",
    language: str = "auto",
    vectors: str = "float16",
    lexical: str = "auto",
    exact_up_to: int = 20_000,
    ef: int = 400,
    m: int = 24,
    ef_construction: int = 128,
    build_memory: str = "512MB",
    connections: int = 8,
) -> PostgresStore:
    """Opens the schema that the URL names, or makes it.

    Only looked at when it is made: `language`, `vectors` (`float16`, or `float32` at twice the space) and
    `lexical` (`pg_textsearch`, `postings`, `ts_rank`, or `auto`: the best there is). `exact_up_to`: chunks up
    to which every one is looked at. `m`, `ef_construction`, `build_memory`: of the HNSW index when it is
    built; `ef`: least effort of a search in it. `connections`: most at once. Raises StoreError, or one of its
    kinds, with what is to be done.
    """
    place = without_password(url)
    _, schema = split(url)
    wanted = Built(embedder, fingerprint, dim, vectors, lexical, language, language)
    with connected(url) as connection:
        built = prepare(connection, schema, place, wanted)
    dense = Dense(TYPES[built.vectors], exact_up_to, ef, m, ef_construction, build_memory)
    return PostgresStore(Connections(url, connections), built, dense)


def built_with(url: str) -> BuiltWith | None:
    """What the schema that the URL names was built with; None where it holds no store."""
    _, schema = split(url)
    with connected(url) as connection:
        built = read_meta(connection, schema, without_password(url))
    return None if built is None else built.with_what


def _sql(where: Filter | None) -> Sql | None:
    return None if where is None else to_sql(where)


def _batches(items: Sequence[Upsert]) -> Iterator[list[Upsert]]:
    batch: list[Upsert] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item.chunks) + 1
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
