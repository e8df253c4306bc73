"""What a piece of a document costs, in tokens of the embedder, from one tokenisation of the whole."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.chunking import TokenEnds

LONGEST = 32
"""Characters that one token may stand for: what is longer counts as several. Some tokenisers turn a word
of a thousand characters into one unknown token, and without this a blob would pass for a short text."""


class Tokens:
    """The token boundaries of one text."""

    def __init__(self, text: str, token_ends: TokenEnds) -> None:
        self.text = text
        self._token_ends = token_ends
        self._ends: list[int] = _spread(token_ends(text), len(text)).tolist()

    def count(self, start: int, end: int) -> int:
        """How many tokens end inside text[start:end], its last offset included."""
        return bisect_right(self._ends, end) - bisect_right(self._ends, start)

    def reach(self, start: int, tokens: int) -> int:
        """The furthest offset that so many tokens (one at least) lead to; the end of the text at most."""
        first = bisect_right(self._ends, start)
        last = first + max(tokens, 1) - 1
        if last + 1 >= len(self._ends):
            return len(self.text)
        # One character may hold several tokens: what would take only some of them ends before it.
        if self._ends[last + 1] == self._ends[last]:
            last = max(bisect_left(self._ends, self._ends[last]) - 1, first)
        return self._ends[last]

    def back(self, end: int, tokens: int) -> int:
        """The offset from which so many tokens lead up to end; 0 at least."""
        first = bisect_right(self._ends, end) - tokens - 1
        return self._ends[first] if first >= 0 else 0

    def costs(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each of some other, one-line texts has."""
        if not texts:
            return []
        bounds = list(accumulate((len(text) + 1 for text in texts), initial=0))
        ends = self._token_ends("\n".join(texts)).tolist()
        marks = [bisect_right(ends, bound) for bound in bounds]
        return [after - before for before, after in pairwise(marks)]

    def shorten(self, text: str, tokens: int) -> str:
        """Another text's first so many tokens (at least one), and an ellipsis."""
        ends = self._token_ends(text)
        return text[: int(ends[min(max(tokens, 1), len(ends)) - 1])].rstrip() + "…" if len(ends) else ""


def _spread(ends: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """The ends, with one more every LONGEST characters wherever two lie further apart than that."""
    import numpy as np

    bounds = np.concatenate(([0], np.asarray(ends, dtype=np.int64), [length]))
    gaps = np.diff(bounds)
    wide = np.flatnonzero(gaps > LONGEST)
    if not len(wide):
        return np.asarray(ends, dtype=np.int64)
    more = [np.arange(bounds[i] + LONGEST, bounds[i + 1], LONGEST) for i in wide]
    return np.sort(np.concatenate([bounds[1:-1], *more]))
