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
from rag.text.tables import Cell, Row
from rag.types import Chunk

from .selection import Analyze, about_of, is_explained, plain_words

_IS = "sold kept stored located held standing found happening taking place based start begin"
"""Words of a question for a place or a time that only ask where or when a thing is."""
_SINCE = re.compile(r"\bsince\b", re.IGNORECASE)  # since when somebody is there is not how old they are
_WHICH = re.compile(r"\W*(?:which|what) (?P<noun>[\w-]+)\b", re.IGNORECASE)
_WORD = re.compile(r"\S+")
_FIRST = 3  # letters that every form of a word begins with
_WHOLE = 2  # the first terms of a word that are all of it: as it stands, and joined
Explained = Callable[[str, frozenset[str], Sequence[str]], set[str]]


def proven_cell(
    question: str,
    start: int,
    end: int,
    chunk: Chunk,
    table: Sequence[Row],
    analyze: Analyze,
    explained: Explained,
) -> tuple[int, int] | None:
    """The characters that are asked for, where the row around `start` to `end` is the only one meant.

    They are those given, or the name of what is asked for by its kind (`named_by`); None where another row
    may be meant, or those are of a column that is not asked for.

    Places are in the text of the chunk's document, and `table` are all rows of the chunk's (`table_of`);
    `explained` gives those of a question's terms whose words may mean the same as one of some names.
    """
    row = next((row for row in table if row.start <= start and end <= row.end), None)
    cell = next((cell for cell in row.cells if cell.start <= start < cell.end), None) if row else None
    if row is None or cell is None or not cell.name:
        return None
    name = f"{cell.name} {meanings_of(row.names).get(cell.name, '')}".strip()
    asked = frozenset(analyze(question))
    near = {term for term in explained(question, asked, [name]) if not re.search(r"\d", term)}
    column = near | (asked & set(analyze(name)))
    key = named_by(question, row, analyze)
    quantity, place = quantity_of(question), column_asked_of(question)
    if quantity is not None and quantity.search(_SINCE.sub(" ", f"{name}: {cell.text}")):
        column |= set(analyze(asking_of(question)))
    elif quantity is not None or not (key or column or (place is not None and place.search(name))):
        return None
    if place is not None and place.search(name):
        column |= set(analyze(_IS))
    known = {*about_of(chunk, analyze), *plain_words(analyze), *column}
    words = [terms for word in _WORD.findall(question) if (terms := analyze(word)) and not _has(terms, known)]
    others = (other for other in table if other is not row)
    if not _is_meant(words, row, known, analyze) or any(_is_meant(words, x, known, analyze) for x in others):
        return None
    return (key.start, key.end) if key else (start, end)


def named_by(question: str, row: Row, analyze: Analyze) -> Cell | None:
    """The cell with the name of what is asked for by its kind: `Which dog` of a row with the species dog.

    It is that of the column `name`, or else the first with letters. None where another column is asked for.
    """
    match = _WHICH.match(question)
    noun = set(analyze(match["noun"])) if match else set()
    if any(noun & set(analyze(name)) for name in row.names):
        return None
    kind = next((cell for cell in row.cells if noun and noun <= set(analyze(cell.text))), None)
    others = [cell for cell in row.cells if cell is not kind and re.search(r"[^\W\d_]", cell.text)]
    named = [cell for cell in others if cell.name.lower() == "name"]
    return next(iter(named or others), None) if kind else None


def _is_meant(words: Sequence[Sequence[str]], row: Row, known: set[str], analyze: Analyze) -> bool:
    """Whether the row explains each of the words that nothing known of its table does.

    Of a word with several terms (`BioLab`: biolab, bio, lab) it is enough to explain it as a whole, or to
    explain some of them by what is known.
    """
    letters = re.sub(r"[\W_]+", "", "".join(cell.text for cell in row.cells)).lower()
    if letters.isascii() and not all(any(term[:_FIRST] in letters for term in terms) for terms in words):
        return False  # most rows of a long table, whose terms need not be made
    own = set(analyze(" ".join(re.sub(r"[\W_]+", " ", cell.text) for cell in row.cells)))
    own |= {term for cell in row.cells for term in analyze(cell.text)}
    return bool(words) and all(_has(terms, known | own) for terms in words)


def _has(terms: Sequence[str], explained: set[str]) -> bool:
    return any(is_explained(term, explained) for term in terms[:_WHOLE]) or all(
        is_explained(term, explained) for term in terms
    )
