"""Is the truth of a local store sound? Every row is looked at once; a document's text is read once."""

from __future__ import annotations

import sqlite3

from rag.counts import counted

from .truth import row_crc, vector_crc

_COUNTS = {
    ("chunk", "without a document"): "chunk WHERE document NOT IN (SELECT key FROM document)",
    ("chunk", "without a vector"): "chunk WHERE position NOT IN (SELECT position FROM vector)",
    ("vector", "without a chunk"): "vector WHERE position NOT IN (SELECT position FROM chunk)",
    ("vector", "of another size"): "vector WHERE length(value) <> {bytes}",
}


def problems(connection: sqlite3.Connection, dim: int) -> list[str]:
    """What is wrong inside the file, in words; empty when all is well."""
    faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    for (what, fault), rows in _COUNTS.items():
        number = connection.execute(f"SELECT count(*) FROM {rows.format(bytes=dim * 4)}").fetchone()[0]
        if number:
            faults.append(f"{counted(number, what)} {fault}")
    faults += [counted(number, what) for what, number in _changed(connection).items() if number]
    astray = _astray(connection)
    if astray:
        faults.append(f"{counted(astray, 'chunk')} whose text is not that of the document")
    return faults


def _changed(connection: sqlite3.Connection) -> dict[str, int]:
    """Rows that do not match the checksum they were stored with."""
    documents = "SELECT crc, id, source, title, media_type, hash, metadata, pages, text FROM document"
    chunks = 'SELECT crc, id, start, "end", page, heading, header, text FROM chunk'
    vectors = "SELECT crc, position, value FROM vector WHERE crc IS NOT NULL"
    return {
        "damaged document": sum(crc != row_crc(*row) for crc, *row in _known(connection, documents)),
        "damaged chunk": sum(crc != row_crc(*row) for crc, *row in _known(connection, chunks)),
        "damaged vector": sum(crc != vector_crc(*row) for crc, *row in connection.execute(vectors)),
    }


def _known(connection: sqlite3.Connection, sql: str) -> sqlite3.Cursor:
    return connection.execute(f"{sql} WHERE crc IS NOT NULL")


def _astray(connection: sqlite3.Connection) -> int:
    """Chunks that are not the span of their document that they say they are."""
    number = 0
    spans = 'SELECT start, "end", text FROM chunk WHERE document = ?'
    for key, text in connection.execute("SELECT key, text FROM document"):
        for start, end, own in connection.execute(spans, (key,)):
            sound = isinstance(text, str) and isinstance(start, int) and isinstance(end, int)
            number += not sound or text[start:end] != own
    return number
