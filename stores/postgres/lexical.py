"""The lexical leg of a PostgreSQL store: our own terms, under one of three engines.

- `pg_textsearch`: the extension's BM25 index, where the server has it
- `postings`: a table of terms, and BM25 in plain SQL, on any server; `postings.py`
- `ts_rank`: the server's full-text search, small and quick, which does not know how rare a word is

Terms are those of `rag.indexes.Analyzer` whatever the engine, so codes, compounds and scripts without spaces
are found. They go to the server as numbers, or as words of sixteen letters made of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from rag.types import Scored

from ..where_sql import Sql
from .postings import Postings
from .terms import word

if TYPE_CHECKING:
    from psycopg import Cursor

    from .connection import Row


class Engine(Protocol):
    """Chunks by position, found by their terms. Each method runs in the transaction of the cursor."""

    bm25: bool

    def add(self, cursor: Cursor[Row], texts: Sequence[tuple[int, Sequence[str]]]) -> None:
        """Positions and their terms, repeated as often as they occur."""
        ...

    def remove(self, cursor: Cursor[Row], positions: Sequence[int]) -> None:
        """Before the chunks go."""
        ...

    def search(self, cursor: Cursor[Row], terms: Counter[str], k: int, where: Sql | None) -> list[Scored]:
        """The k best by falling score, then id. `where` is over `document` d and `chunk` c."""
        ...

    def tidy(self, cursor: Cursor[Row]) -> None:
        """Outside of any transaction, when much has been written."""
        ...


def engine(name: str) -> Engine:
    engines: dict[str, type[Engine]] = {
        "postings": Postings,
        "ts_rank": TsRank,
        "pg_textsearch": TextSearch,
    }
    return engines[name]()


class TsRank:
    """ts_rank over the words: frequent words in a short text count more, rare ones do not."""

    bm25 = False

    def add(self, cursor: Cursor[Row], texts: Sequence[tuple[int, Sequence[str]]]) -> None:
        with cursor.copy("COPY words (position, value) FROM STDIN") as copy:
            for position, terms in texts:
                places = ",".join  # a lexeme lists its places; 256 a lexeme and 16,383 at most are kept
                kept = {term: places(map(str, at[:256])) for term, at in _places(terms).items()}
                copy.write_row((position, " ".join(f"'{term}':{at}" for term, at in kept.items())))

    def remove(self, cursor: Cursor[Row], positions: Sequence[int]) -> None:
        cursor.execute("DELETE FROM words WHERE position = ANY(%s)", (list(positions),))

    def search(self, cursor: Cursor[Row], terms: Counter[str], k: int, where: Sql | None) -> list[Scored]:
        condition, values = where or ("true", [])
        cursor.execute(
            "SELECT c.id, ts_rank(w.value, q.query, 1)::float8 AS score"
            " FROM (SELECT %s::tsquery AS query) q, words w"
            " JOIN chunk c USING (position) JOIN document d ON d.key = c.document"
            f" WHERE w.value @@ q.query AND {condition} ORDER BY score DESC, c.id LIMIT %s",
            (" | ".join(map(word, terms)), *values, k),
        )
        return [Scored(row["id"], row["score"]) for row in cursor]

    def tidy(self, cursor: Cursor[Row]) -> None:
        cursor.execute("VACUUM (ANALYZE, SKIP_LOCKED) words")


def _places(terms: Iterable[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, term in enumerate(terms, 1):
        places.setdefault(word(term), []).append(min(place, 16383))
    return places


class TextSearch:
    """The BM25 index of pg_textsearch. Scores are its own: lower is better there, so signs change here."""

    bm25 = True

    def add(self, cursor: Cursor[Row], texts: Sequence[tuple[int, Sequence[str]]]) -> None:
        with cursor.copy("COPY words (position, value) FROM STDIN") as copy:
            for position, terms in texts:
                copy.write_row((position, " ".join(map(word, terms))))

    def remove(self, cursor: Cursor[Row], positions: Sequence[int]) -> None:
        cursor.execute("DELETE FROM words WHERE position = ANY(%s)", (list(positions),))

    def search(self, cursor: Cursor[Row], terms: Counter[str], k: int, where: Sql | None) -> list[Scored]:
        condition, values = where or ("true", [])
        query = " ".join(word(term) for term in terms.elements())
        cursor.execute(
            "SELECT c.id, -found.rank AS score FROM ("
            " SELECT w.position, w.value <@> to_bm25query(%s, 'words_value') AS rank FROM words w"
            " JOIN chunk c USING (position) JOIN document d ON d.key = c.document"
            f" WHERE {condition} ORDER BY rank LIMIT %s"
            ") found JOIN chunk c USING (position) WHERE found.rank < 0 ORDER BY score DESC, c.id",
            (query, *values, k),
        )
        return [Scored(row["id"], float(row["score"])) for row in cursor]

    def tidy(self, cursor: Cursor[Row]) -> None:
        cursor.execute("VACUUM (ANALYZE, SKIP_LOCKED) words")
