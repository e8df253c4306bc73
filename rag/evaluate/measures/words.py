"""Measures of an answer's words against reference answers; the best reference counts.

    EM         1 where both texts are equal once normalised
    F1         2PR / (P + R) over the multiset of shared words
    ROUGE-L    the same with the length of the longest common subsequence in place of shared words
    Contains   1 where a reference's words stand in the answer, in one piece and in order; quotes do not count

Normalised as SQuAD does it (`rag/text/shared_words.py`). References that are empty once normalised do not
count, and without any left the right answer to EM and F1 is none: two empty texts are equal and share all,
one empty text shares nothing (SQuAD 2.0; 1.1 has no such questions). ROUGE-L keeps articles and splits at
punctuation, as rouge_score does. Sources: Rajpurkar et al., SQuAD: 100,000+ Questions for Machine
Comprehension of Text; Rajpurkar et al., Know What You Don't Know: Unanswerable Questions for SQuAD; Lin,
ROUGE: A Package for Automatic Evaluation of Summaries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from rag.text.shared_words import MORE_PUNCTUATION, UNSPACED, harmonic, normalised, shared


def exact_match(answer: str, references: Iterable[str]) -> float:
    given = normalised(answer)
    return max(float(given == reference) for reference in _wanted(references))


def f1(answer: str, references: Iterable[str]) -> float:
    given = normalised(answer).split()
    return max(shared(given, reference.split()) for reference in _wanted(references))


def rouge_l(answer: str, references: Iterable[str]) -> float:
    given = _rouge_words(answer)
    return max((_rouge_l(given, _rouge_words(reference)) for reference in references), default=0.0)


def contains(answer: str, references: Iterable[str]) -> float:
    given = f" {normalised(answer.translate(MORE_PUNCTUATION))} "
    wanted = [normalised(reference.translate(MORE_PUNCTUATION)) for reference in references]
    return max((float(f" {reference} " in given) for reference in wanted if reference), default=0.0)


WORDS: dict[str, Callable[[str, Sequence[str]], float]] = {
    "EM": exact_match,
    "F1": f1,
    "ROUGE-L": rouge_l,
    "Contains": contains,
}


def _wanted(references: Iterable[str]) -> list[str]:
    """The references' normal forms; the empty one where nothing is to be said."""
    return [form for reference in references if (form := normalised(reference))] or [""]


def _rouge_l(given: Sequence[str], wanted: Sequence[str]) -> float:
    if not given or not wanted:
        return 0.0
    row = [0] * (len(wanted) + 1)  # row[j]: longest common subsequence with wanted[:j]
    for word in given:
        before = 0
        for place, other in enumerate(wanted, 1):
            above = row[place]
            row[place] = before + 1 if word == other else max(above, row[place - 1])
            before = above
    return harmonic(row[-1], len(given), len(wanted))


def _rouge_words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", UNSPACED.sub(r" \1 ", text.lower()))
