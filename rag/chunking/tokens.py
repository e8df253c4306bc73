"""What a piece of a document costs, in tokens of the embedder, from one tokenisation of the whole."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.chunking import TokenEnds

LONGEST = 32
"""Characters that one token may stand for: what is longer counts as several. Some tokenisers turn a word
of a thousand characters into one unknown token, and without this a blob would pass for a short text."""
WINDOW = 65_536
"""Characters that are tokenised in one call: tokenisers take some 600 bytes for each while they work."""


class Tokens:
    """The token boundaries of one text."""

    def __init__(self, text: str, token_ends: TokenEnds) -> None:
        self.text = text
        self._token_ends = token_ends
        self._ends = array("q", _spread(_in_windows(text, token_ends), len(text)).tobytes())

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


def _in_windows(text: str, token_ends: TokenEnds) -> NDArray[np.int64]:
    """The ends of a text's tokens, from stretches that begin at white space where there is any."""
    import numpy as np

    parts = [np.asarray(token_ends(text[first:last]), np.int64) + first for first, last in _windows(text)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of at most WINDOW characters; one, where the text is no longer."""
    start = 0
    while len(text) - start > WINDOW:
        half, stop = start + WINDOW // 2, start + WINDOW
        space = max(text.rfind("\n", half, stop), text.rfind(" ", half, stop))
        yield start, space if space > 0 else stop
        start = space if space > 0 else stop
    yield start, len(text)


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
