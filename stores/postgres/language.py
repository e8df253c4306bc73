"""The language in which a PostgreSQL store's texts are stemmed: given, or detected from its first chunks.

While it is `auto`, each write looks at the chunks that are there and at its own; where they speak for another
language than before, all of them are analysed again, which is quick while there are few. From 200 chunks on,
or with the first `sync`, it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.indexes import ANALYSIS_VERSION, Analyzer, detect_language
from rag.types import Chunk

from ..engine.payload import chunk_of
from .schema import Built

if TYPE_CHECKING:
    from psycopg import Cursor

    from .connection import Row
    from .lexical import Engine

_SAMPLE = 200
_PAGE = 1000
_CHUNKS = """
SELECT c.position, c.id, d.id AS document_id, d.source, c.text, c.begins, c.ends, d.title, c.page, c.heading,
       c.header, d.metadata
FROM chunk c JOIN document d ON d.key = c.document WHERE c.position > %s ORDER BY c.position LIMIT %s
"""


class Language:
    """What is known of it in this process; the table `meta` has `language`, for now, and `told`, for good."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._final = built.settled if built.settled != "auto" and built.analysis == ANALYSIS_VERSION else ""
        self._analyzers: dict[str, Analyzer] = {}

    def now(self, cursor: Cursor[Row]) -> str:
        """The language, or `auto` while there is nothing to detect it from."""
        if self._final:
            return self._final
        language, final, analysis = self._kept(cursor)
        if final != "auto" and int(analysis) == ANALYSIS_VERSION:
            self._final = final
        return language

    def analyzer(self, cursor: Cursor[Row]) -> Analyzer:
        """For queries."""
        return self._of(self.now(cursor))

    def for_writing(self, cursor: Cursor[Row], chunks: Sequence[Chunk], engine: Engine) -> Analyzer:
        """For the chunks that this transaction adds; it settles or changes the language where that is due."""
        if self._final:
            return self._of(self._final)
        language, final, analysis = self._kept(cursor, lock=True)
        if int(analysis) != ANALYSIS_VERSION:
            self._again(cursor, language, engine)
            self._keep(cursor, "analysis", str(ANALYSIS_VERSION))
        if final != "auto":
            self._final = final
            return self._of(final)
        there = [chunk_of(row) for row in cursor.execute(_CHUNKS, (0, _SAMPLE))]
        sample = [*there, *chunks][:_SAMPLE]
        heard = detect_language(chunk.indexed_text for chunk in sample) if sample else "auto"
        if heard != language:
            if there:
                self._again(cursor, heard, engine)
            self._keep(cursor, "language", heard)
        if len(sample) == _SAMPLE:
            self._keep(cursor, "told", heard)
        return self._of(heard)

    def settle(self, cursor: Cursor[Row]) -> None:
        """From now on the language stays what it is."""
        if not self._final:
            language, final, _ = self._kept(cursor, lock=True)
            if final == "auto" and language != "auto":
                self._keep(cursor, "told", language)

    def _kept(self, cursor: Cursor[Row], *, lock: bool = False) -> tuple[str, str, str]:
        sql = "SELECT name, value FROM meta WHERE name IN ('language', 'told', 'analysis') ORDER BY name"
        rows = cursor.execute(sql + (" FOR UPDATE" if lock else "")).fetchall()
        values = {row["name"]: str(row["value"]) for row in rows}
        return values["language"], values["told"], values["analysis"]

    @staticmethod
    def _keep(cursor: Cursor[Row], name: str, value: str) -> None:
        cursor.execute("UPDATE meta SET value = %s WHERE name = %s", (value, name))

    def _again(self, cursor: Cursor[Row], language: str, engine: Engine) -> None:
        """Analyses all that is stored."""
        analyse, after = self._of(language).analyze, 0
        while rows := cursor.execute(_CHUNKS, (after, _PAGE)).fetchall():
            after = int(rows[-1]["position"])
            engine.remove(cursor, [row["position"] for row in rows])
            engine.add(cursor, [(row["position"], analyse(chunk_of(row).indexed_text)) for row in rows])

    def _of(self, language: str) -> Analyzer:
        name = "none" if language == "auto" else language
        return self._analyzers.setdefault(name, Analyzer(name))
