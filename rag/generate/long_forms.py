"""What an abbreviation stands for: its long form, in the sentence, entry or row that gives it.

The glossary's rules (`rag.glossary.mine`) are read over the hits. Where none gives the term, a unit that has
it, or stands in a chunk that has it, and in which its letters are the initials of words in their order, is
the next best. Without either there is no answer: a sentence that uses an abbreviation does not say what it
means. Long forms with different words are different meanings, each with its own quote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from rag.glossary.mine import by_initials, mine, singular
from rag.reading.units import Unit, units
from rag.types import Hit, Quote

from .tables import PROVEN

MOST = 3  # meanings that are shown
_SPELLED = 0.6  # probability of words whose initials are the abbreviation
_LEAST_SPELLED = 3  # letters from which initials are no chance
_ALIKE = 0.5  # the share of words in common from which two long forms are one
_WORD = re.compile(r"[^\W_]+")


class Meaning(NamedTuple):
    """A long form, the unit that gives it, and the characters of the unit's chunk that are it."""

    long: str
    unit: Unit
    span: tuple[int, int]
    score: float


def meanings_of(term: str, hits: Sequence[Hit], analyze: Callable[[str], Iterable[str]]) -> list[Quote]:
    """What the hits say that a term stands for, the meaning that most of them give first."""
    found = [one for place, hit in enumerate(hits) for one in _defined(term, place, hit)]
    found = found or [one for place, hit in enumerate(hits) for one in _spelled(term, place, hit)][:1]
    groups: list[tuple[set[str], list[Meaning]]] = []
    for one in found:
        words = set(analyze(one.long))
        own = next((group for said, group in groups if _alike(words, said)), None)
        if own is None:
            groups.append((words, [one]))
        else:
            own.append(one)
    groups.sort(key=lambda group: -len({hits[one.unit.place].chunk.document_id for one in group[1]}))
    first = [group[0] for _, group in groups[:MOST]]
    return [Quote(one.unit.place, one.unit.start, one.unit.end, one.score, one.span) for one in first]


def _alike(words: set[str], others: set[str]) -> bool:
    return len(words & others) >= _ALIKE * max(len(words | others), 1)


def _defined(term: str, place: int, hit: Hit) -> Iterator[Meaning]:
    """Where the glossary's rules find the term."""
    text = hit.chunk.text
    heading = hit.chunk.heading.rpartition("\n")[2]
    pairs = mine(f"# {heading}\n\n{text}" if heading else text)
    for long in dict.fromkeys(pair.meaning for pair in pairs if _same(pair.term, term)):
        span = _place_of(long, text)
        unit = _unit_at(span, place, hit)
        if span and unit:
            yield Meaning(long, unit, span, PROVEN)


def _spelled(term: str, place: int, hit: Hit) -> Iterator[Meaning]:
    """Where the words of a unit begin with the term's letters, in a chunk that has the term."""
    text = hit.chunk.text
    if sum(map(str.isalpha, term)) < _LEAST_SPELLED or not re.search(rf"\b{re.escape(term)}\b", text):
        return
    for word in _WORD.finditer(text):
        before = text[max(0, word.start() - 160) : word.end()]
        long = by_initials(term, before) if word[0][0].lower() == term[-1].lower() else None
        if long is None or "\n\n" in long or len(long.split()) < 2:
            continue
        span = (word.end() - len(long), word.end())
        unit = _unit_at(span, place, hit)
        if unit:
            yield Meaning(long, unit, span, _SPELLED)


def _same(first: str, other: str) -> bool:
    one, two = singular(first), singular(other)
    return one == two or (one.casefold() == two.casefold() and len(two) > 2)


def _place_of(long: str, text: str) -> tuple[int, int] | None:
    """Where words stand in a text, whatever lies between them."""
    pattern = r"[\s*_`\"“”]+".join(map(re.escape, long.split()))
    match = re.search(pattern, text)
    return match.span() if match else None


def _unit_at(span: tuple[int, int] | None, place: int, hit: Hit) -> Unit | None:
    """The unit that a place of a chunk lies in."""
    if span is None:
        return None
    return next((unit for unit in units(place, hit) if unit.start <= span[0] and span[1] <= unit.end), None)
