"""Adds what the corpus means by the terms of a question, as further queries, each with a weight.

`How deep is a CNN?` is also asked as `How deep is a CNN (convolutional neural network)?`.
For a term t of the question with meanings m, and cosines c(m) = cos(question, m), the meanings taken are
those with c(m) ≥ max c − `margin`, at most `most` of them: a question that says what it is about picks one,
`What does SU stand for?` gets them all. They share `weight`, so that a term counts the same however many
meanings it has. The glossary is mined from the corpus (`rag/glossary/build.py`) and corrected by people
(`rag/glossary/file.py`).
A question without a term of the glossary stays as it is.
Source: Golden-Retriever: High-Fidelity Agentic Retrieval Augmented Generation for Industrial Knowledge Base.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from rag.embedding import Embedder
from rag.glossary.file import Senses, read
from rag.glossary.mine import is_short, singular
from rag.options import Amount, Count
from rag.trace import note
from rag.types import Query, Question

_WORD = re.compile(r"[^\W_][\w&/.+'’-]*")
_WORDS_OF_A_TERM = 4
_ORDERING = frozenset(
    ("compare", "define", "describe", "explain", "find", "give", "list", "name", "show", "summarize", "tell")
)
_TERMS = 3  # of a question that are looked up


def build(
    index: Path,
    embedder: Embedder,
    language: str = "english",
    weight: Amount = 0.5,
    margin: Amount = 0.1,
    most: Count = 3,
) -> Callable[[Question], Question]:
    """A stage over the glossary of the folder `index`; without one, questions stay as they are."""

    @cache
    def known() -> dict[str, Senses] | None:
        entries = read(index)
        return None if entries is None else entries.senses()

    @cache
    def folded() -> dict[str, str]:
        return {term.lower(): term for term in known() or {}}

    def glossary(question: Question) -> Question:
        senses = known()
        if senses is None:
            note("glossary", "none: run `rag glossary build`")
        if not senses:
            return question
        used = terms(question.text, senses, folded(), language)[:_TERMS]
        taken = {term: chosen(embedder, question.text, senses[term], margin, most) for term in used}
        note("terms", taken)
        added = [
            Query(expanded(question.text, term, meaning), weight / len(meanings))
            for term, meanings in taken.items()
            for meaning in meanings
        ]
        if not added:
            return question
        return replace(question, queries=(*question.to_search, *added))

    return glossary


def terms(
    question: str, senses: dict[str, Senses], folded: dict[str, str], language: str = "english"
) -> list[str]:
    """The terms a question holds, longest first where they overlap, in its order.

    An abbreviation is known by its capitals; where a question is typed without any, by its letters, if they
    are at least three and no function word. Other terms are known in any case, but never as a part of a name.
    """
    words = [word.rstrip(".'’-/+&") for word in _WORD.findall(question)]
    typed_small = question == question.lower()
    matched: list[str] = []
    place = 0
    while place < len(words):
        for size in range(min(_WORDS_OF_A_TERM, len(words) - place), 0, -1):
            text = " ".join(words[place : place + size])
            term = _term(text, senses, folded)
            small = term is not None and is_short(term) and singular(text) != term
            if term is None or (small and not (typed_small and len(text) > 2 and _says(text, language))):
                continue
            if not is_short(term) and _within_name(words, place, size, language):
                continue
            matched.append(term)
            place += size - 1
            break
        place += 1
    return list(dict.fromkeys(matched))


def _within_name(words: Sequence[str], place: int, size: int, language: str) -> bool:
    """Whether the words are a part of a longer name: `Wright` in `Robin Wright` is nobody's term.

    A name is a run of words with a capital and small letters; a word that opens the question belongs to one
    unless it is a function word or an order.
    """

    def named(at: int) -> bool:
        word = words[at] if 0 <= at < len(words) else ""
        small = any(map(str.islower, word))
        opens = at > 0 or (word.lower() not in _ORDERING and _says(word, language))
        return word[:1].isupper() and small and opens

    if not all(named(at) for at in range(place, place + size)):
        return False
    return named(place - 1) or named(place + size)


def _says(word: str, language: str) -> bool:
    """Whether a word is more than a function word."""
    from rag.indexes import Analyzer

    return bool(Analyzer(language).analyze(word))


def expanded(question: str, term: str, meaning: str) -> str:
    """The question with the meaning in brackets behind the first place of the term, or at its end."""
    place = re.search(rf"(?<!\w){re.escape(term)}(?:['’]?s)?(?!\w)", question, re.IGNORECASE)
    if place is None:
        return f"{question} {meaning}"
    return f"{question[: place.end()]} ({meaning}){question[place.end() :]}"


def _term(text: str, senses: dict[str, Senses], folded: dict[str, str]) -> str | None:
    for form in (text, singular(text)):
        if form in senses:
            return form
    return folded.get(text.lower())


def chosen(embedder: Embedder, question: str, senses: Senses, margin: float, most: int) -> Sequence[str]:
    """The meanings that fit the question best, by cosine; ties go to the more frequent."""
    meanings = list(senses)
    if len(meanings) == 1:
        return meanings
    asked = embedder.embed([question], "query")[0]
    near = (embedder.embed(meanings, "document") @ asked).tolist()
    ranked = sorted(zip(meanings, near, strict=True), key=lambda row: -row[1])
    return [meaning for meaning, cosine in ranked[:most] if cosine >= ranked[0][1] - margin]
