"""Is a PostgreSQL store sound? Every row is looked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Problem
from .dense import INDEX

if TYPE_CHECKING:
    from psycopg import Cursor

    from .connection import Row

_RESTORE = "restore a backup of the schema, or drop it and ingest again"
_AGAIN = "ingest their documents again with --force"
_COUNTS = {
    "chunks without a vector": (
        "SELECT count(*) AS n FROM chunk c"
        " WHERE NOT EXISTS (SELECT FROM embedding v WHERE v.position = c.position)",
        _AGAIN,
    ),
    "documents with another number of chunks than they say": (
        "SELECT count(*) AS n FROM document d"
        " WHERE chunks <> (SELECT count(*) FROM chunk c WHERE c.document = d.key)",
        _RESTORE,
    ),
    "chunks whose text is not their document's": (
        "SELECT count(*) AS n FROM chunk c JOIN document d ON d.key = c.document"
        " WHERE substr(d.text, c.begins + 1, c.ends - c.begins) <> c.text",
        _RESTORE,
    ),
}
_ENGINES = {
    "postings": {
        "chunks that the lexical leg does not know": (
            "SELECT count(*) AS n FROM chunk c"
            " WHERE NOT EXISTS (SELECT FROM analysed a WHERE a.position = c.position)",
            _AGAIN,
        ),
        "postings missing or left over": (
            "SELECT abs((SELECT count(*) FROM posting)"
            " - (SELECT coalesce(sum(cardinality(terms)), 0) FROM analysed)) AS n",
            _RESTORE,
        ),
        "chunks that the totals miscount": (
            "SELECT abs((SELECT sum(chunks) FROM total) - (SELECT count(*) FROM chunk))::bigint AS n",
            _RESTORE,
        ),
    },
}
_WORDS = {
    "chunks that the lexical leg does not know": (
        "SELECT count(*) AS n FROM chunk c"
        " WHERE NOT EXISTS (SELECT FROM words w WHERE w.position = c.position)",
        _AGAIN,
    )
}


def problems(cursor: Cursor[Row], lexical: str) -> list[Problem]:
    """What is wrong, and what mends it; empty when all is well."""
    faults = []
    for what, (sql, mend) in {**_COUNTS, **_ENGINES.get(lexical, _WORDS)}.items():
        row = cursor.execute(sql).fetchone()
        if row and row["n"]:
            faults.append(Problem(f"{row['n']} {what}", mend))
    cursor.execute("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid", (INDEX,))
    if cursor.fetchone():
        faults.append(
            Problem("the dense index was not built to its end", "the next `rag ingest` builds it anew")
        )
    return faults
