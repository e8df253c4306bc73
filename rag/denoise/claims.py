"""What one hit alone says in answer to a question: its best sentence, and the values in it that could differ.

Values are what questions of three kinds ask for: numbers, times, and names, those of the question left out.
Other questions have none, and so have questions in languages without capitals or in which they are not asked
in English words: there nothing can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.reading.candidates import cut
from rag.reading.evidence import Candidate, Evidence
from rag.text.questions import kind_of
from rag.types import Hit

_SPELLED = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
            "twelve")  # fmt: skip
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
_CAPITALS = re.compile(r"\b[A-ZÀ-Ý][\w’'-]*(?:(?: of| de| van| von)? [A-ZÀ-Ý][\w’'-]*)*")


class Claim(NamedTuple):
    """The best sentence of the hit at `place`, how likely it answers (0 to 1), and the values it gives."""

    place: int
    hit: Hit
    sentence: str
    support: float
    values: frozenset[str]


def claims(evidence: Evidence, question: str, hits: Sequence[Hit], least: float) -> list[Claim]:
    """One claim a hit whose best sentence reaches `least` and gives a value. Each hit is read alone."""
    stated = []
    for place, hit in enumerate(hits):
        alone = [Candidate(0, start, end, hit) for start, end in cut(hit.chunk.text)]
        if not alone:
            continue
        support, best = max(
            zip(evidence.scores(question, alone), alone, strict=True), key=lambda pair: pair[0]
        )
        values = values_of(question, best.text)
        if support >= least and values:
            stated.append(Claim(place, hit, best.text, support, values))
    return stated


def values_of(question: str, sentence: str) -> frozenset[str]:
    """What the sentence gives of the kind the question asks for, in one spelling each."""
    known = set(re.findall(r"\w+", question.lower()))
    kind = kind_of(question)
    if kind == "time":
        years = set(_YEAR.findall(sentence))
        return frozenset((years or _numbers(sentence)) - known)
    if kind == "number":
        return frozenset(_numbers(sentence) - known)
    if kind == "name":
        return frozenset(_names(sentence, known))
    return frozenset()


def agree(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether two sets of values have one in common; a part of a name agrees with the whole."""
    return any(a == b or f" {a} " in f" {b} " or f" {b} " in f" {a} " for a in first for b in second)


def _numbers(sentence: str) -> set[str]:
    spelled = {
        str(_SPELLED.index(word)) for word in re.findall(r"[a-z]+", sentence.lower()) if word in _SPELLED
    }
    return {number.replace(",", "") for number in _DIGITS.findall(sentence)} | spelled


def _names(sentence: str, known: set[str]) -> set[str]:
    """Runs of capitalised words, without those of the question; a capital that opens a sentence is none."""
    names = set()
    for match in _CAPITALS.finditer(sentence):
        words = [word for word in re.findall(r"\w+", match[0].lower()) if word not in known]
        if words and (match.start() > 0 or " " in match[0]):
            names.add(" ".join(words))
    return names
