"""Whether a row is the only one that a question can mean, and answers it in the column that is asked for.

Of the question's terms, those are explained that the row has itself, that the title, the headings or the file
name have, and that name the column of the answer or the quantity in it (`cost`, of a price). A row is proven
where it has one of them, none is left unexplained, and every other row of its table leaves one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.text.column_names import meanings_of
from rag.text.quantities import asking_of, quantity_of
from rag.text.questions import column_asked_of
from rag.text.tables import Row
from rag.types import Chunk

from .selection import Analyze, about_of, is_explained, plain_words, table_of

_IS = "sold kept stored located held standing found happening taking place based start begin"
"""Words of a question for a place or a time that only ask where or when a thing is."""
Explained = Callable[[str, frozenset[str], Sequence[str]], set[str]]


def is_proven(
    question: str, start: int, end: int, chunk: Chunk, text: str, analyze: Analyze, explained: Explained
) -> bool:
    """Whether the row with `text[start:end]` is the only one meant, and those characters are what is asked.

    `text` is that of the chunk's document; `explained` gives those of a question's terms whose words may mean
    the same as one of some names.
    """
    table = table_of(chunk, text)
    row = next((row for row in table if row.start <= start and end <= row.end), None)
    cell = next((cell for cell in row.cells if cell.start <= start < cell.end), None) if row else None
    if row is None or cell is None or not cell.name:
        return False
    name = f"{cell.name} {meanings_of(row.names).get(cell.name, '')}".strip()
    asked = frozenset(analyze(question))
    near = {term for term in explained(question, asked, [name]) if not re.search(r"\d", term)}
    column = near | (asked & set(analyze(name)))
    quantity, place = quantity_of(question), column_asked_of(question)
    if quantity is not None and quantity.search(f"{name}: {cell.text}"):
        column |= set(analyze(asking_of(question)))
    elif quantity is not None or not (column or (place is not None and place.search(name))):
        return False
    if place is not None and place.search(name):
        column |= set(analyze(_IS))
    known = {*about_of(chunk, analyze), *plain_words(analyze), *column}
    return _left(asked, row, known, analyze) == set() and not any(
        other is not row and not _left(asked, other, known, analyze) for other in table
    )


def _left(asked: frozenset[str], row: Row, known: set[str], analyze: Analyze) -> set[str]:
    """The terms that neither the row nor what is known of its table explains; all where the row has none."""
    own = set(analyze(" ".join(re.sub(r"[\W_]+", " ", cell.text) for cell in row.cells)))
    own |= {term for cell in row.cells for term in analyze(cell.text)}
    left = {term for term in asked if not is_explained(term, known | own)}
    return left if own & (asked - known) else set(asked)
