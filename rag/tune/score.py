"""How well a network does on held-out items: answers, refusals and claims, each with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.evaluate.measures.words import exact_match, f1
from rag.reading.spans import best_spans, characters

from .encode import Encoded, batches
from .items import Item

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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

    def intervals(self, resamples: int = 500) -> dict[str, tuple[float, float, float]]:
        """(mean, low, high) by name: 95 % bootstrap intervals over the items."""
        from rag.evaluate.statistics import interval

        intervals = {}
        for name, values in (("EM", self.exact), ("F1", self.f1)):
            if values:
                mean = interval(values)
                intervals[name] = (mean.mean, mean.low, mean.high)
        for name, scored in (("answerable AUC", self.answerable), ("supported AUC", self.supported)):
            if len({is_true for _, is_true in scored}) == 2:
                intervals[name] = _resampled_auc(scored, resamples)
        return intervals


def score(predict: Any, encoded: Sequence[Encoded], items: Sequence[Item]) -> Score:
    """`predict(batch)` gives start (n, t), end (n, t), answerable (n,) and supported (n,) as arrays."""
    where = {id(example): item for example, item in zip(encoded, items, strict=True)}
    exact, overlap = [], []
    answerable, supported = [], []
    for batch in batches(encoded, 6000, 0):
        starts, ends, can, does = predict(batch)
        for row, example in enumerate(batch):
            item = where[id(example)]
            if item.answerable is not None:
                answerable.append((float(can[row]), item.answerable))
            if item.supported is not None:
                supported.append((float(does[row]), item.supported))
            if item.spans:
                text = _text(example, item, starts[row], ends[row])
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


def _resampled_auc(scored: Sequence[tuple[float, bool]], resamples: int) -> tuple[float, float, float]:
    """The area, and the 2.5th and 97.5th percentile of it over samples drawn with replacement."""
    import random

    import numpy as np

    chance = random.Random(0)
    drawn = [auc(chance.choices(scored, k=len(scored))) for _ in range(resamples)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5]).tolist()
    return auc(scored), low, high


def _text(encoded: Encoded, item: Item, start: NDArray[np.float32], end: NDArray[np.float32]) -> str:
    places = encoded.offsets[:, 1].nonzero()[0].tolist()
    if not places:
        return ""
    low, high = encoded.second + places[0], encoded.second + places[-1] + 1
    ((first, last, _),) = best_spans(start[low:high], end[low:high])
    begin, stop = characters(encoded.offsets[places[0] :].tolist(), first, last)
    return item.passage[begin:stop]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
