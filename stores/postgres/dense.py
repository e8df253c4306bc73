"""The dense leg of a PostgreSQL store: exact while that is quick, else by an HNSW index of pgvector.

An index comes about in `build`, once there are more than `exact_up_to` chunks. A search uses it unless `k` is
large or the filter lets few chunks through; where it finds fewer than k, the search is exact after all, so k
hits come back whenever k exist. Scores are inner products in the precision of the store.
Malkov & Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical Navigable
Small World graphs" (2016).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.types import Scored

from ..where_sql import Sql

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from psycopg import Cursor

    from .connection import Row

INDEX = "embedding_hnsw"
_MOST_K = 400  # from here on a search through the graph costs more than it saves
_MOST_EF = 1000  # that pgvector takes
_PAUSE = 0.2  # seconds between looks whether another process is done building


@dataclass(frozen=True, slots=True)
class Dense:
    """How to search. `kind` is pgvector's type; the others are options of the store."""

    kind: str
    exact_up_to: int
    ef: int
    m: int
    ef_construction: int
    build_memory: str

    def search(
        self, cursor: Cursor[Row], vector: NDArray[np.float32], k: int, where: Sql | None
    ) -> list[Scored]:
        """The k nearest by falling score, then id."""
        query = self._query(vector)
        if k <= _MOST_K and self._built(cursor, k) and not (where and self._selective(cursor, where)):
            hits = self._by_graph(cursor, query, k, where)
            if len(hits) == k:
                return hits
        return self._exact(cursor, query, k, where)

    def _query(self, vector: NDArray[np.float32]) -> Any:
        from pgvector import HalfVector, Vector

        return HalfVector(vector) if self.kind == "halfvec" else Vector(vector)

    def _built(self, cursor: Cursor[Row], k: int) -> bool:
        """Whether the index is there; if so, this transaction searches it with enough effort."""
        cursor.execute(
            "SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true),"
            " set_config('hnsw.ef_search', %s, true)"
            " FROM pg_index WHERE indexrelid = to_regclass(%s) AND indisvalid",
            (str(min(_MOST_EF, max(self.ef, 2 * k))), INDEX),
        )
        return cursor.fetchone() is not None

    def _selective(self, cursor: Cursor[Row], where: Sql) -> bool:
        condition, values = where
        cursor.execute(
            "SELECT count(*) AS n FROM (SELECT 1 FROM document d JOIN chunk c ON c.document = d.key"
            f" WHERE {condition} LIMIT %s) AS few",
            (*values, self.exact_up_to + 1),
        )
        row = cursor.fetchone()
        return row is not None and row["n"] <= self.exact_up_to

    def _by_graph(self, cursor: Cursor[Row], query: Any, k: int, where: Sql | None) -> list[Scored]:
        condition, values = where or ("true", [])
        tables = "JOIN chunk c USING (position) JOIN document d ON d.key = c.document" if where else ""
        cursor.execute(
            f"WITH found AS MATERIALIZED (SELECT v.position, v.value <#> %s AS away FROM embedding v {tables}"
            f" WHERE {condition} ORDER BY v.value <#> %s LIMIT %s)"
            " SELECT c.id, -found.away AS score FROM found JOIN chunk c USING (position)",
            (query, *values, query, k),
        )
        return _ranked(cursor)[:k]

    def _exact(self, cursor: Cursor[Row], query: Any, k: int, where: Sql | None) -> list[Scored]:
        """Looks at every chunk that is let through. Ties at the edge go by id."""
        condition, values = where or ("true", [])
        tables = "JOIN document d ON d.key = c.document" if where else ""
        # The sum keeps the planner from the index, whose order is approximate.
        cursor.execute(
            "SELECT c.id, -(v.value <#> %s) AS score FROM embedding v JOIN chunk c USING (position)"
            f" {tables} WHERE {condition} ORDER BY (v.value <#> %s) + 0.0, c.id LIMIT %s",
            (query, *values, query, k),
        )
        return _ranked(cursor)

    def build(self, cursor: Cursor[Row], schema: str) -> None:
        """Makes the index where it is due, while others read and write. Outside of any transaction."""
        cursor.execute("SELECT count(*) AS n FROM embedding")
        row = cursor.fetchone()
        if row is None or row["n"] <= self.exact_up_to:
            return
        while not self._first(cursor, schema):
            time.sleep(_PAUSE)
        try:
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", (INDEX,))
            row = cursor.fetchone()
            if row is not None and row["indisvalid"]:
                return
            cursor.execute("SELECT set_config('maintenance_work_mem', %s, false)", (self.build_memory,))
            cursor.execute(f"DROP INDEX IF EXISTS {INDEX}")  # what a build that was cut off has left
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY {INDEX} ON embedding USING hnsw (value {self.kind}_ip_ops)"
                f" WITH (m = {int(self.m)}, ef_construction = {int(self.ef_construction)})"
            )
            cursor.execute("RESET maintenance_work_mem")
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (f"build {schema}",))

    @staticmethod
    def _first(cursor: Cursor[Row], schema: str) -> bool:
        """Whether nobody else is building. Waiting inside the server would hold up the other's build."""
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0)) AS free", (f"build {schema}",))
        row = cursor.fetchone()
        return row is not None and bool(row["free"])


def _ranked(cursor: Cursor[Row]) -> list[Scored]:
    hits = (Scored(row["id"], float(row["score"])) for row in cursor)
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))
