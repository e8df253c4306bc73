"""Measures of an answer's words against reference answers; the best reference counts.

    EM         1 where both texts are equal once normalised
    F1         2PR / (P + R) over the multiset of shared words
    ROUGE-L    the same with the length of the longest common subsequence in place of shared words
    Contains   1 where a reference's words stand in the answer, in one piece and in order; quotes do not count

Normalised, as SQuAD does: lower case, no punctuation, no articles (a, an, the), single spaces. References
that are empty once normalised do not count, and without any left the right answer to EM and F1 is none: two
empty texts are equal and share all, one empty text shares nothing (SQuAD 2.0; 1.1 has no such questions).
Texts in scripts written without spaces (Chinese, Japanese, Thai, …) lose their own punctuation too, and each
character counts as a word; all others are treated exactly as SQuAD treats them. ROUGE-L keeps articles and
splits at punctuation, as rouge_score does. Sources: Rajpurkar et al., SQuAD: 100,000+ Questions for Machine
Comprehension of Text; Rajpurkar et al., Know What You Don't Know: Unanswerable Questions for SQuAD; Lin,
ROUGE: A Package for Automatic Evaluation of Summaries.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_MORE_PUNCTUATION = str.maketrans("", "", "。，、；：？！“”‘’（）《》「」")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_UNSPACED = re.compile(r"([\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")


def normalised(text: str) -> str:
    """SQuAD's normal form."""
    bare = text.lower().translate(_PUNCTUATION)
    if _UNSPACED.search(bare):
        bare = _UNSPACED.sub(r" \1 ", bare.translate(_MORE_PUNCTUATION))
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact_match(answer: str, references: Iterable[str]) -> float:
    given = normalised(answer)
    return max(float(given == reference) for reference in _wanted(references))


def f1(answer: str, references: Iterable[str]) -> float:
    given = normalised(answer).split()
    return max(_f1(given, reference.split()) for reference in _wanted(references))


def rouge_l(answer: str, references: Iterable[str]) -> float:
    given = _rouge_words(answer)
    return max((_rouge_l(given, _rouge_words(reference)) for reference in references), default=0.0)


def contains(answer: str, references: Iterable[str]) -> float:
    given = f" {normalised(answer.translate(_MORE_PUNCTUATION))} "
    wanted = [normalised(reference.translate(_MORE_PUNCTUATION)) for reference in references]
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


def _f1(given: Sequence[str], wanted: Sequence[str]) -> float:
    if not given or not wanted:
        return float(given == wanted)
    return _harmonic((Counter(given) & Counter(wanted)).total(), len(given), len(wanted))


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
    return _harmonic(row[-1], len(given), len(wanted))


def _harmonic(shared: int, given: int, wanted: int) -> float:
    """2PR / (P + R) with P = shared / given and R = shared / wanted."""
    return 2 * shared / (given + wanted)


def _rouge_words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", _UNSPACED.sub(r" \1 ", text.lower()))
