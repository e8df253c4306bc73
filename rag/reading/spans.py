"""Logits of answer starts and ends → the best spans.

    P(span) = softmax(start)[first] · softmax(end)[last],  first <= last < first + 30

over the tokens of the passage's text. Spans that overlap a better one are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST = 30
"""Tokens of the longest answer."""


def best_spans(
    start: NDArray[np.float32], end: NDArray[np.float32], most: int = 1, longest: int = LONGEST
) -> list[tuple[int, int, float]]:
    """Up to `most` spans (first, last, probability), best first; `start` and `end` have shape (tokens,)."""
    import numpy as np

    if not len(start):
        return []
    total = _log_softmax(start)[:, None] + _log_softmax(end)[None, :]
    place = np.arange(len(start))
    length = place[None, :] - place[:, None]
    allowed = (length >= 0) & (length < longest)
    total = np.where(allowed, total, -np.inf)
    count = min(total.size, max(8 * most, 1))
    order = np.argpartition(-total, count - 1, axis=None)[:count]
    order = order[np.argsort(-total.flat[order], kind="stable")]
    spans: list[tuple[int, int, float]] = []
    for place in order.tolist():
        first, last = divmod(place, len(start))
        value = float(total[first, last])
        if len(spans) == most or value == -np.inf:
            break
        if all(last < a or first > b for a, b, _ in spans):
            spans.append((first, last, float(np.exp(value))))
    return spans


def characters(offsets: Sequence[tuple[int, int]], first: int, last: int) -> tuple[int, int]:
    """The characters from the first token's start to the last one's end."""
    return offsets[first][0], offsets[last][1]


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    shifted = logits - logits.max()
    logarithms: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum())
    return logarithms
