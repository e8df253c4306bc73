"""How well a network does on held-out items: answers, refusals and claims, each with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.evaluate.measures.words import exact_match, f1

from .encode import Encoded, batches
from .items import Item

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST = 30
"""Tokens of the longest answer."""


@dataclass(frozen=True, slots=True)
class Score:
    """One value a question: EM and F1 of the best span; logits of the two other heads with what is true."""

    exact: tuple[float, ...]
    f1: tuple[float, ...]
    answerable: tuple[tuple[float, bool], ...]
    supported: tuple[tuple[float, bool], ...]

    def summary(self) -> dict[str, float]:
        """Means and areas under the curve, by name."""
        return {
            "EM": _mean(self.exact),
            "F1": _mean(self.f1),
            "answerable AUC": auc(self.answerable),
            "supported AUC": auc(self.supported),
        }


def best_span(
    start: NDArray[np.float32], end: NDArray[np.float32], longest: int = LONGEST
) -> tuple[int, int, float]:
    """The first and last position with the greatest start + end, at most `longest` apart, and that sum."""
    import numpy as np

    total = np.triu(start[:, None] + end[None, :])
    total = np.where(np.triu(np.ones_like(total)) - np.triu(np.ones_like(total), longest) > 0, total, -np.inf)
    first, last = np.unravel_index(int(total.argmax()), total.shape)
    return int(first), int(last), float(total[first, last])


def score(predict: Any, encoded: Sequence[Encoded], items: Sequence[Item]) -> Score:
    """`predict(batch)` gives start (n, t), end (n, t), answerable (n,) and supported (n,) as arrays."""
    where = {id(one): item for one, item in zip(encoded, items, strict=True)}
    exact, overlap = [], []
    answerable, supported = [], []
    for batch in batches(encoded, 6000, 0):
        starts, ends, can, does = predict(batch)
        for row, one in enumerate(batch):
            item = where[id(one)]
            if item.answerable is not None:
                answerable.append((float(can[row]), item.answerable))
            if item.supported is not None:
                supported.append((float(does[row]), item.supported))
            if item.spans:
                text = _text(one, item, starts[row], ends[row])
                right = [item.passage[a:b] for a, b in item.spans]
                exact.append(exact_match(text, right))
                overlap.append(f1(text, right))
    return Score(tuple(exact), tuple(overlap), tuple(answerable), tuple(supported))


def auc(scored: Sequence[tuple[float, bool]]) -> float:
    """The probability that a true one scores above a false one (Mann–Whitney); ties count half."""
    import numpy as np

    true = np.array([value for value, is_true in scored if is_true])
    false = np.sort([value for value, is_true in scored if not is_true])
    if not len(true) or not len(false):
        return float("nan")
    below, upto = np.searchsorted(false, true, "left"), np.searchsorted(false, true, "right")
    return float((below + upto).mean() / 2 / len(false))


def _text(one: Encoded, item: Item, start: NDArray[np.float32], end: NDArray[np.float32]) -> str:
    places = [place for place, (_, stop) in enumerate(one.offsets) if stop > 0]
    if not places:
        return ""
    low, high = one.second + places[0], one.second + places[-1] + 1
    first, last, _ = best_span(start[low:high], end[low:high])
    return item.passage[one.offsets[places[0] + first][0] : one.offsets[places[0] + last][1]]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
