"""Documents into the tables of a PostgreSQL store: some in one transaction, each replaced as a whole.

Writers of one document wait for each other, by an advisory lock on its id; all others go on side by side.
Chunks that did not change keep their rows, and with them their places in the indexes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.types import Chunk

from ..contract import Upsert
from ..engine.payload import metadata_text
from ..where import Filter
from .filter import fields_text, needs_chunks, to_sql

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from psycopg import Cursor

    from .connection import Row
    from .lexical import Engine

    _Wanted = Mapping[str, tuple[Chunk, NDArray[np.floating[Any]]]]

_DOCUMENT = """
INSERT INTO document (id, source, title, media_type, hash, metadata, fields, pages, text, chunks)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET
    source = excluded.source, title = excluded.title, media_type = excluded.media_type, hash = excluded.hash,
    metadata = excluded.metadata, fields = excluded.fields, pages = excluded.pages, text = excluded.text,
    chunks = excluded.chunks
RETURNING key
"""
_FORMER = """
SELECT d.title, c.id, c.page, c.heading, c.header, c.position, v.value
FROM document d JOIN chunk c ON c.document = d.key JOIN embedding v USING (position) WHERE d.id = %s
"""


class Writer:
    """What one transaction writes. `analyse` gives a text's terms."""

    def __init__(self, cursor: Cursor[Row], schema: str, vectors: str, engine: Engine, analyse: Any) -> None:
        self._cursor, self._schema, self._vectors = cursor, schema, vectors
        self._engine, self._analyse = engine, analyse

    def replace(self, items: Sequence[Upsert]) -> None:
        """Stores documents in place of their former selves."""
        self._lock(item.document.id for item in items)
        new: list[tuple[int, Chunk, NDArray[np.floating[Any]]]] = []
        gone: list[int] = []
        for item in items:
            wanted = self._wanted(item)
            kept = self._kept(item, wanted, gone)
            key = self._document(item)
            new += [(key, *pair) for chunk_id, pair in wanted.items() if chunk_id not in kept]
        self._remove(gone)
        self._add(new)

    def delete(self, document_ids: Sequence[str], where: Filter | None) -> int:
        """Removes documents by id and by filter."""
        ids = set(document_ids)
        if where is not None:
            ids |= {row["id"] for row in self._matching(where)}
        self._lock(ids)
        self._cursor.execute(
            "SELECT c.position FROM chunk c JOIN document d ON d.key = c.document WHERE d.id = ANY(%s)",
            (list(ids),),
        )
        self._remove([row["position"] for row in self._cursor])
        self._cursor.execute("DELETE FROM document WHERE id = ANY(%s)", (list(ids),))
        return int(self._cursor.rowcount)

    def _matching(self, where: Filter) -> list[Row]:
        condition, values = to_sql(where)
        if needs_chunks(where):
            condition = f"EXISTS (SELECT 1 FROM chunk c WHERE c.document = d.key AND {condition})"
        self._cursor.execute(f"SELECT d.id FROM document d WHERE {condition}", values)
        return list(self._cursor)

    def _lock(self, document_ids: Iterable[str]) -> None:
        """In one order everywhere, so that two writers never wait for each other."""
        names = sorted(f"{self._schema} {document_id}" for document_id in document_ids)
        self._cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(%s::text[]) AS name",
            (names,),
        )

    def _wanted(self, item: Upsert) -> _Wanted:
        """Chunks by id with their vectors, in the precision of the store."""
        rows = item.vectors.astype("float16") if self._vectors == "float16" else item.vectors
        return {chunk.id: (chunk, row) for chunk, row in zip(item.chunks, rows, strict=True)}

    def _kept(self, item: Upsert, wanted: _Wanted, gone: list[int]) -> set[str]:
        """Ids of the chunks that are stored as they are wanted; the positions of the others are `gone`."""
        kept: set[str] = set()
        for row in self._cursor.execute(_FORMER, (item.document.id,)).fetchall():
            if row["title"] == item.document.title and _same(row, wanted.get(row["id"])):
                kept.add(row["id"])
            else:
                gone.append(row["position"])
        return kept

    def _document(self, item: Upsert) -> int:
        document = item.document
        row = self._cursor.execute(
            _DOCUMENT,
            (
                document.id,
                document.source,
                document.title,
                document.media_type,
                item.hash,
                metadata_text(document),
                fields_text(document.metadata),
                json.dumps(list(document.pages)),
                document.text,
                len(item.chunks),
            ),
        ).fetchone()
        return int(row["key"]) if row else 0

    def _remove(self, positions: Sequence[int]) -> None:
        if positions:
            self._engine.remove(self._cursor, positions)
            self._cursor.execute("DELETE FROM chunk WHERE position = ANY(%s)", (list(positions),))

    def _add(self, new: Sequence[tuple[int, Chunk, NDArray[np.floating[Any]]]]) -> None:
        if not new:
            return
        from pgvector import HalfVector, Vector

        cursor = self._cursor
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('chunk', 'position')) AS position"
            " FROM generate_series(1, %s)",
            (len(new),),
        )
        positions = [int(row["position"]) for row in cursor]
        columns = "position, id, document, begins, ends, page, heading, header, text"
        with cursor.copy(f"COPY chunk ({columns}) FROM STDIN") as copy:
            for position, (key, chunk, _) in zip(positions, new, strict=True):
                span = (chunk.start, chunk.end, chunk.page)
                copy.write_row((position, chunk.id, key, *span, chunk.heading, chunk.header, chunk.text))
        kind = HalfVector if self._vectors == "float16" else Vector
        with cursor.copy("COPY embedding (position, value) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "halfvec" if self._vectors == "float16" else "vector"])
            for position, (_, _, row) in zip(positions, new, strict=True):
                copy.write_row((position, kind(row)))
        texts = [self._analyse(chunk.indexed_text) for _, chunk, _ in new]
        self._engine.add(cursor, list(zip(positions, texts, strict=True)))


def _same(row: Row, pair: tuple[Chunk, NDArray[np.floating[Any]]] | None) -> bool:
    """Whether a stored row is this chunk with this vector."""
    if pair is None:
        return False
    chunk, vector = pair
    fields = (row["page"], row["heading"], row["header"])
    return fields == (chunk.page, chunk.heading, chunk.header) and bool(
        (_array(row["value"]) == vector).all()
    )


def _array(value: Any) -> NDArray[np.floating[Any]]:
    """A vector as pgvector's reader gives it."""
    array: NDArray[np.floating[Any]] = value.to_numpy()
    return array
