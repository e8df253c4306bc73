"""Which cell of a row answers: by the name of its column, its measure, and what the reader finds in it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rag.embedding import Embedder
from rag.text.column_names import meanings_of
from rag.text.questions import column_asked_of, header_asked_of

from . import Reading
from .pooled import trimmed
from .units import Unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_UNREAD = 0.05  # probability of a cell in which the reader finds nothing
_NAMED = 8.0  # what the name of a cell's column weighs
_FITS = 3.0  # what it weighs that a cell has the measure that is asked for, or not
_SAID = 0.7  # the least cosine of a column that the question names
_SYNONYM = 0.42  # the least cosine of a word and the name of a column that may mean the same
_SHORT = 40  # characters up to which a cell is named whole


def column_cosines(
    read: Sequence[Unit],
    question: str,
    vector: NDArray[np.float32],
    embedder: Embedder,
    analyze: Callable[[str], Sequence[str]],
) -> dict[str, float]:
    """The cosine of each column's name with the question or a word of it, `_SAID` at least where said.

    `vector` is the question's, of length 1.
    0 for a year that the question does not name, where it names another.
    """
    import numpy as np

    rows = [unit for unit in read if unit.kind == "row"]
    names = sorted({name for unit in rows for name in unit.columns() if name})
    if not names:
        return {}
    asked = f" {_bare(question)} "
    meanings = {name: said for unit in rows for name, said in meanings_of(unit.columns()).items()}
    vectors = embedder.embed([meanings.get(name, name) for name in names], "document")
    near = np.maximum(vectors @ vector, _words_near(question, vectors, embedder, analyze)).tolist()
    said = {name for name in names if any(f" {_bare(n)} " in asked for n in (name, meanings.get(name, name)))}
    if asks := column_asked_of(question):
        for columns in {unit.columns() for unit in rows}:
            fit = [name for name in columns if asks.search(meanings.get(name, name))]
            said |= set(fit) if len(fit) == 1 else set()
    dated = any(name.isdecimal() for name in said)  # of the columns of years, only those that are said
    header = {name for unit in rows if unit.is_header for name in unit.columns()}
    wanted = header_asked_of(question)
    near = [
        (_SAID if name == wanted else 0.0) if name in header else cosine
        for name, cosine in zip(names, near, strict=True)
    ]
    return {
        name: max(cosine, _SAID) if name in said else 0.0 if dated and name.isdecimal() else cosine
        for name, cosine in zip(names, near, strict=True)
    }


def _words_near(
    question: str,
    names: NDArray[np.float32],
    embedder: Embedder,
    analyze: Callable[[str], Sequence[str]],
) -> NDArray[np.float32]:
    """For each name's vector the cosine of the question's nearest word, 0 below `_SYNONYM`."""
    import numpy as np

    words = sorted({word for word in re.findall(r"[\w-]+", question.lower()) if analyze(word)})
    if not words:
        return np.zeros(len(names), np.float32)
    near = (names @ embedder.embed(words, "query").T).max(axis=1)
    return np.where(near >= _SYNONYM, near, np.float32(0.0))


def best_cell(
    unit: Unit,
    alone: Reading,
    columns: dict[str, float],
    question: str,
    measure: re.Pattern[str] | None,
    analyze: Callable[[str], Sequence[str]],
) -> tuple[int, int] | None:
    """The cell of a row that answers: what the reader finds in it, weighed by how its column is named.

    A cell scores (`_UNREAD` + the probability of the answers in it) · exp(`_NAMED` · its column's cosine
    + `_FITS` · the measure's fit). Cells that the question has itself answer only where there are no others.
    """
    known, scored = set(analyze(question)), list[tuple[bool, float, tuple[int, int]]]()
    meanings = meanings_of(unit.columns())
    for (first, last, at), name in zip(unit.pieces, unit.columns(), strict=True):
        within = [span for span in alone.spans if first <= span.start and span.end <= last]
        score = (_UNREAD + sum(span.probability for span in within)) * math.exp(
            _NAMED * columns.get(name, 0.0)
            + _FITS * measured(measure, f"{name} {meanings.get(name, '')}: {unit.view[first:last]}")
        )
        start, end = first, last
        if within and last - first > _SHORT:
            start, end = trimmed(unit.view, max(within, key=lambda span: span.probability))
        terms = set(analyze(unit.view[first:last]))
        new = not terms or not terms <= known
        scored.append((new, score, (at + start - first, at + end - first)))
    return max(scored)[2] if scored else None


def cell_text(unit: Unit, span: tuple[int, int] | None) -> str:
    """What is looked at for a measure: of a row the cell that answers and its column's name."""
    if unit.kind != "row" or span is None:
        return unit.view
    column = column_of(unit, span)
    return f"{column} {meanings_of(unit.columns()).get(column, '')}: {unit.said(*span)}"


def measured(measure: re.Pattern[str] | None, text: str) -> float:
    return 0.0 if measure is None else 1.0 if measure.search(text) else -1.0


def ahead(unit: Unit, column: str, columns: dict[str, float]) -> float:
    others = [columns.get(name, 0.0) for name in unit.columns() if name != column]
    return columns.get(column, 0.0) - sum(others) / len(others) if column and others else 0.0


def column_of(unit: Unit, span: tuple[int, int] | None) -> str:
    """The name of the column in which a row's answer stands."""
    if unit.kind != "row" or span is None:
        return ""
    for (first, last, at), name in zip(unit.pieces, unit.columns(), strict=True):
        if at <= span[0] < at + last - first:
            return name
    return ""


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
