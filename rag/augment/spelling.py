"""Corrects typing errors in a question by the words of the chunks that it finds.

A word is taken for an error where it stands in no chunk that the question finds, in no other form either
(`spaying`, `spay`), and is no common word of the language. It gives way to the nearest word of these chunks,
or else to the nearest common word, at most one edit away (a letter more, less or other, or two that changed
places), from eight letters on two. Words with digits or capitals within them are codes and stay as they are.
The trace shows what was read as what.

A question without such a word costs a look into a table; one with such a word costs a search more. The common
words are those of the built-in embedder's vocabulary, which is English; for a question without an English
word such as `the` or `how` only the words of the chunks count.
Source: Damerau, A Technique for Computer Detection and Correction of Spelling Errors (1964).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from rag.embedding import Embedder
from rag.options import Count
from rag.stores import VectorStore
from rag.text.glosses import knows, language_of
from rag.trace import note, note_reader
from rag.types import Question

_WORD = re.compile(r"[^\W\d_]+")
_ENGLISH = re.compile(
    r"\b(?:the|of|is|are|was|were|do|does|did|how|what|who|when|where|which|why|can|for|with|to|have|has)\b",
    re.IGNORECASE,
)
_SHORTEST = 4  # letters of a word that is looked at
_LONG = 8  # letters from which two edits are allowed


def build(
    store: VectorStore, embedder: Embedder, language: str = "english", read: Count = 20
) -> Callable[[Question], Question]:
    """A stage that looks at the words of the `read` first chunks of either leg."""
    from rag.indexes import Analyzer

    analyze = Analyzer(language).analyze

    def spelling(question: Question) -> Question:
        common = _common() if _ENGLISH.search(question.text) else frozenset[str]()
        words = [match[0] for match in _WORD.finditer(question.text)]
        other = language_of(question.text)
        doubtful = [word for word in words if _looks_wrong(word, common) and not knows(other, word)]
        if not doubtful:
            return question
        known = _words_near(question.text, store, embedder, read)
        stems = {term for word in known for term in analyze(word)}
        corrected = {
            word: better
            for word in doubtful
            if not stems.intersection(analyze(word))
            and (better := correction(word, known, common)) is not None
        }
        if not corrected:
            return question
        text = _WORD.sub(lambda match: corrected.get(match[0], match[0]), question.text)
        note("corrected", corrected)
        note_reader(f"Read as: {text}")
        return replace(question, text=text)

    return spelling


def correction(word: str, known: Mapping[str, float], common: frozenset[str]) -> str | None:
    """The word that was meant; None where it stands among the `known` ones, or where none is near.

    `known` are the words of the chunks, in lower case, and how much each weighs.
    """
    lower = word.lower()
    if lower in known or lower in common:
        return None
    near = {other: distance for other in known if (distance := edits(lower, other)) is not None}
    if near:
        best = min(near, key=lambda other: (near[other], -known[other], other))
    elif word.islower():
        likely = [other for other in common if edits(lower, other) == 1]
        if not likely:
            return None
        best = min(likely, key=lambda other: (other[0] != lower[0], abs(len(other) - len(lower)), other))
    else:
        return None
    return best.capitalize() if word[0].isupper() else best


def edits(word: str, other: str) -> int | None:
    """The edits between two words; None where they are more than allowed, or the first letters differ too.

    Letters put in, left out, changed, or swapped with their neighbour count one each.
    """
    most = 2 if len(word) >= _LONG else 1
    if abs(len(word) - len(other)) > most or len(other) < _SHORTEST - 1:
        return None
    if word[0] != other[0] and word[1:2] != other[1:2] and word[:2] != other[1::-1]:
        return None
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        before, last, row = row, before, [i]
        for j, facing in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != facing))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == facing:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None


def _looks_wrong(word: str, common: frozenset[str]) -> bool:
    within = word[1:]
    return len(word) >= _SHORTEST and word.lower() not in common and within == within.lower()


def _words_near(question: str, store: VectorStore, embedder: Embedder, read: int) -> dict[str, float]:
    """The words of the chunks that both legs find; each weighs Σ 1 / rank over the chunks that have it."""
    vector = embedder.embed([question], "query")[0]
    with store.snapshot():
        legs = [store.dense(vector, read), store.lexical(question, read)]
        chunks = {chunk.id: chunk for leg in legs for chunk in store.get([hit.chunk_id for hit in leg])}
    known: dict[str, float] = defaultdict(float)
    for leg in legs:
        for rank, hit in enumerate(leg, 1):
            if hit.chunk_id in chunks:
                text = chunks[hit.chunk_id].indexed_text
                for word in {match[0].lower() for match in _WORD.finditer(text)}:
                    known[word] += 1 / rank
    return known


@cache
def _common() -> frozenset[str]:
    """The whole words of the built-in embedder's vocabulary."""
    from rag.models import BUILT_IN_EMBEDDER
    from rag.models.running import open_tokenizer
    from rag.models.settings import TOKENIZER

    vocabulary = open_tokenizer(BUILT_IN_EMBEDDER / TOKENIZER).get_vocab()
    return frozenset(word for word in vocabulary if word.isalpha() and word.isascii() and len(word) > 1)
