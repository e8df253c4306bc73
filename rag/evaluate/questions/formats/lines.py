"""JSON lines, one question a line: `id`, `question`, `answers`, and if known `relevant` and `meta`.

FlashRAG's sets are read as they are: `golden_answers` are answers, `metadata` is meta. `relevant` is a list
of document ids or an object of id → gain.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rag.evaluate.questions.cases import Case

from .rows import case_of, objects


def read(path: Path) -> Iterator[Case]:
    """Every line's case; a line without an id is called by its number."""
    for number, (where, row) in enumerate(objects(path), 1):
        yield case_of(row, where, number)
