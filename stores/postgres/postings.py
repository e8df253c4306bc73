"""BM25 in plain SQL: a table of postings, the formula in the query.

    score(q, d) = Σ_t  n_t · idf(t) · (k1 + 1) · tf / (tf + k1 · (1 − b + b · |d| / avg))

as in `rag.indexes` (see `indexes/lexical/bm25.py`), with exact lengths: scores are those of the engine
`rank-bm25`. A posting holds term, position, tf and |d|; df is counted while they are read, and N and avg are
sums over the small table `total`, to which each transaction appends what it changed, so that writers do not
wait for each other. Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rag.indexes import K1, B
from rag.types import Scored

from ..where_sql import Sql
from .terms import number

if TYPE_CHECKING:
    from psycopg import Cursor

    from .connection import Row

_SEARCH = f"""
WITH asked (term, times) AS (SELECT * FROM unnest(%s::bigint[], %s::integer[])),
     overall AS (
         SELECT sum(chunks)::float8 AS n, sum(terms)::float8 / greatest(sum(chunks), 1) AS mean FROM total
     ),
     hit AS MATERIALIZED (
         SELECT p.term, p.position, p.frequency, p.length, asked.times FROM asked JOIN posting p USING (term)
     ),
     known AS (SELECT term, count(*)::float8 AS df FROM hit GROUP BY term),
     weighed AS (
         SELECT term, ln(1 + (n - df + 0.5) / (df + 0.5)) * {K1 + 1} AS idf, {K1 * B} / mean AS slope
         FROM known, overall
     ),
     scored AS (
         SELECT position, sum(
             times * idf * frequency / (frequency + {K1 * (1 - B)} + slope * length)
         )::real AS score
         FROM hit JOIN weighed USING (term) {{where}} GROUP BY position
     )
SELECT c.id, best.score
FROM (SELECT * FROM scored ORDER BY score DESC FETCH FIRST %s ROWS WITH TIES) AS best
JOIN chunk c USING (position) ORDER BY best.score DESC, c.id
"""
_POSTING = (("term", 8), ("position", 8), ("frequency", 4), ("length", 4))  # bytes
_WHERE = """WHERE position IN (
             SELECT c.position FROM chunk c JOIN document d ON d.key = c.document WHERE {condition}
         )"""


class Postings:
    """The engine `postings`."""

    bm25 = True

    def add(self, cursor: Cursor[Row], texts: Sequence[tuple[int, Sequence[str]]]) -> None:
        counted = [(position, Counter(map(number, terms)), len(terms)) for position, terms in texts]
        with cursor.copy("COPY analysed (position, terms) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "int8[]"])
            for position, counts, _ in counted:
                copy.write_row((position, list(counts)))
        _copy_postings(cursor, counted)
        cursor.execute(
            "INSERT INTO total VALUES (%s, %s)", (len(counted), sum(length for _, _, length in counted))
        )

    def remove(self, cursor: Cursor[Row], positions: Sequence[int]) -> None:
        # Lengths are those of the postings; a chunk without terms has none, and length 0.
        cursor.execute(
            "WITH gone AS (DELETE FROM analysed WHERE position = ANY(%s) RETURNING position, terms),"
            " dropped AS ("
            "  DELETE FROM posting p USING (SELECT position, unnest(terms) AS term FROM gone) g"
            "  WHERE p.term = g.term AND p.position = g.position RETURNING p.position, p.length)"
            " INSERT INTO total SELECT -(SELECT count(*) FROM gone), -coalesce(sum(length), 0)"
            " FROM (SELECT DISTINCT position, length FROM dropped) AS lengths",
            (list(positions),),
        )

    def search(self, cursor: Cursor[Row], terms: Counter[str], k: int, where: Sql | None) -> list[Scored]:
        numbers = Counter({number(term): times for term, times in terms.items()})
        condition, values = where or ("", [])
        sql = _SEARCH.format(where=_WHERE.format(condition=condition) if where else "")
        cursor.execute(sql, (list(numbers), list(numbers.values()), *values, k))
        return [Scored(row["id"], row["score"]) for row in cursor][:k]

    def tidy(self, cursor: Cursor[Row]) -> None:
        """One row of totals for many, and what readers of the index alone need to know."""
        cursor.execute(
            "WITH former AS (DELETE FROM total RETURNING chunks, terms)"
            " INSERT INTO total SELECT coalesce(sum(chunks), 0), coalesce(sum(terms), 0) FROM former"
        )
        cursor.execute("VACUUM (ANALYZE, SKIP_LOCKED) posting, analysed, total")


def _copy_postings(cursor: Cursor[Row], counted: Sequence[tuple[int, Counter[int], int]]) -> None:
    """Rows in COPY's binary form, all of one size, so that numpy lays them out at once."""
    import numpy as np

    rows = [(term, position, tf, size) for position, counts, size in counted for term, tf in counts.items()]
    fields: list[Any] = [("fields", ">i2")]
    for name, size in _POSTING:
        fields += [(f"{name}_size", ">i4"), (name, f">i{size}")]
    table = np.zeros(len(rows), np.dtype(fields))
    table["fields"] = len(_POSTING)
    for place, (name, size) in enumerate(_POSTING):
        table[f"{name}_size"] = size
        table[name] = [row[place] for row in rows]
    with cursor.copy("COPY posting FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + table.tobytes() + b"\xff\xff")
