"""Measures of an answer's words against reference answers; the best reference counts.

    EM         1 where both texts are equal once normalised
    F1         2PR / (P + R) over the multiset of shared words
    ROUGE-L    the same with the length of the longest common subsequence in place of shared words
    Contains   1 where a reference's words stand in the answer, in one piece and in order

Normalised, as SQuAD does: lower case, no punctuation, no articles (a, an, the), single spaces. Scripts
written without spaces (Chinese, Japanese, Thai, …) count each character as a word. Two empty texts are equal
and share all; one empty text shares nothing. ROUGE-L keeps articles and splits at punctuation, as rouge_score
does. Sources: the SQuAD evaluation scripts; Lin, ROUGE: A Package for Automatic Evaluation of Summaries.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

_PUNCTUATION = str.maketrans("", "", string.punctuation + "。，、；：？！“”‘’（）《》「」")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_UNSPACED = re.compile(r"([\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")


def normalised(text: str) -> str:
    """SQuAD's normal form."""
    bare = _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION))
    return " ".join(_UNSPACED.sub(r" \1 ", bare).split())


def exact_match(answer: str, references: Iterable[str]) -> float:
    given = normalised(answer)
    return max((float(given == normalised(one)) for one in references), default=0.0)


def f1(answer: str, references: Iterable[str]) -> float:
    given = normalised(answer).split()
    return max((_f1(given, normalised(one).split()) for one in references), default=0.0)


def rouge_l(answer: str, references: Iterable[str]) -> float:
    given = _rouge_words(answer)
    return max((_rouge_l(given, _rouge_words(one)) for one in references), default=0.0)


def contains(answer: str, references: Iterable[str]) -> float:
    given = f" {normalised(answer)} "
    wanted = [normalised(one) for one in references]
    return max((float(f" {one} " in given) for one in wanted if one), default=0.0)


WORDS: dict[str, Callable[[str, Sequence[str]], float]] = {
    "EM": exact_match,
    "F1": f1,
    "ROUGE-L": rouge_l,
    "Contains": contains,
}


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
