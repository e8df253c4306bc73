"""Is the truth of a local store sound? Every row is looked at once; a document's text is read once."""

from __future__ import annotations

import sqlite3

_COUNTS = {
    "chunks without a document": "chunk WHERE document NOT IN (SELECT key FROM document)",
    "chunks without a vector": "chunk WHERE position NOT IN (SELECT position FROM vector)",
    "vectors without a chunk": "vector WHERE position NOT IN (SELECT position FROM chunk)",
    "vectors of another size": "vector WHERE length(value) <> {bytes}",
}


def problems(connection: sqlite3.Connection, dim: int) -> list[str]:
    """What is wrong inside the file, in words; empty when all is well."""
    found = [str(row[0]) for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"]
    for what, rows in _COUNTS.items():
        number = connection.execute(f"SELECT count(*) FROM {rows.format(bytes=dim * 4)}").fetchone()[0]
        if number:
            found.append(f"{number} {what}")
    astray = _astray(connection)
    if astray:
        found.append(f"{astray} chunks whose text is not their document's")
    return found


def _astray(connection: sqlite3.Connection) -> int:
    """Chunks that are not the span of their document that they say they are."""
    number = 0
    spans = 'SELECT start, "end", text FROM chunk WHERE document = ?'
    for key, text in connection.execute("SELECT key, text FROM document"):
        number += sum(text[start:end] != own for start, end, own in connection.execute(spans, (key,)))
    return number
