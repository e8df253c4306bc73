"""How much of their words two texts share, in SQuAD's normal form.

Normalised: lower case, no punctuation, no articles (a, an, the), single spaces. Texts in scripts written
without spaces (Chinese, Japanese, Thai, …) lose their own punctuation too, and each character counts as a
word; all others are treated exactly as SQuAD treats them. Source: Rajpurkar et al., SQuAD: 100,000+ Questions
for Machine Comprehension of Text.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_PUNCTUATION = str.maketrans("", "", string.punctuation)
MORE_PUNCTUATION = str.maketrans("", "", "。，、；：？！“”‘’（）《》「」")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
UNSPACED = re.compile(r"([\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")


def normalised(text: str) -> str:
    """SQuAD's normal form."""
    bare = text.lower().translate(_PUNCTUATION)
    if UNSPACED.search(bare):
        bare = UNSPACED.sub(r" \1 ", bare.translate(MORE_PUNCTUATION))
    return " ".join(_ARTICLES.sub(" ", bare).split())


def shared(given: Sequence[str], wanted: Sequence[str]) -> float:
    """2PR / (P + R) over the multiset of shared words; where one is empty, whether both are."""
    if not given or not wanted:
        return float(given == wanted)
    return harmonic((Counter(given) & Counter(wanted)).total(), len(given), len(wanted))


def harmonic(both: int, given: int, wanted: int) -> float:
    """2PR / (P + R) with P = both / given and R = both / wanted."""
    return 2 * both / (given + wanted)
