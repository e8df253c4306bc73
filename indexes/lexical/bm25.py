"""The arithmetic of BM25 that the engines share: formula, quantised lengths, and the order of equal scores.

    score(q, d) = Σ_t  n_t · idf(t) · (k1 + 1) · tf / (tf + k1 · (1 − b + b · |d| / avg))
    idf(t)      = ln(1 + (N − df + ½) / (df + ½))

n_t: how often t stands in the query; tf: in the document; df: documents that contain t; N: documents;
|d|: terms of the document; avg: mean |d|. The idf is Lucene's, which is never negative.
Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from rag.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

K1 = 1.2
B = 0.75

SAME = 2e-6
"""Scores closer than this, relatively, are one score: float32 sums in another order differ by less."""


def idf(documents: float, frequency: float) -> float:
    """How rare a term is that `frequency` of the `documents` contain; above 0."""
    return math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))


def quantised(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lengths as Lucene and tantivy keep them in one byte: exact to 40, then rounded down ever more."""
    import numpy as np

    table = _lengths()
    return table[np.searchsorted(table, lengths, side="right") - 1]


@cache
def _lengths() -> NDArray[np.int64]:
    """The 256 lengths that one byte can say: 24 small ones, then 3 bits of mantissa a power of two."""
    import numpy as np

    floats = [code if code < 8 else (code & 7 | 8) << ((code >> 3) - 1) for code in range(256 - 24)]
    return np.array([*range(24), *(24 + value for value in floats)], dtype=np.int64)


def ranked(
    scores: NDArray[np.floating], positions: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Best first; equal scores (see `SAME`) share the best of them and go by position.

    The order then does not depend on the order in which an engine adds up terms or walks its segments.
    """
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    falling = scores[order].astype(np.float64)
    starts = np.ones(len(falling), dtype=bool)
    starts[1:] = falling[:-1] - falling[1:] > SAME * falling[:-1]
    group = np.cumsum(starts) - 1
    shared = falling[starts][group].astype(np.float32) if len(falling) else falling.astype(np.float32)
    return shared, positions[order][np.lexsort((positions[order], group))]


def checked(removed: Sequence[int], added: Sequence[tuple[int, str]]) -> dict[int, str]:
    """The added texts by position, the last one given for each. Raises StoreError for what is no position."""
    texts = dict(added)
    for position in (*removed, *texts):
        if not 0 <= position < 1 << 63:
            raise StoreError(f"{position} came as a position; expected an integer from 0 to 2^63 - 1.")
    return texts
