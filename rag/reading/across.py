"""What answers a question in another language: the unit nearest to it, by a multilingual embedder alone.

The reader knows one language, and words of two languages do not match. So for a question q and a unit u:

    near(q, u) = (cos(q, u) + cos(q, u under the headings above it)) / 2
    P = 1 / (1 + exp(−(bias + cosine · near(q, best) + lead · ahead of the next + above · above the mean)))

`ahead` is by how much the best unit is nearer than the next one, `above` by how much it is nearer than the
mean of all. The weights belong to an embedder and stand in its `embedder.json`, since cosines of one model
are not those of another; an embedder without them is not asked. `benchmarks/languages.py` fits them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rag.embedding import Embedder
from rag.types import Hit

from .units import Unit, units

FEATURES = ("cosine", "lead", "above")
_EMBEDDED = 60  # units that are compared with the question
_READ = 12  # of these, how many are compared under their headings too


class Nearest(NamedTuple):
    """A unit, the probability that it answers (0 to 1), and a value for each of `FEATURES`."""

    unit: Unit
    probability: float
    features: tuple[float, ...]


def weights_of(embedder: object) -> Mapping[str, float]:
    """The weights that an embedder has for answers in another language; empty for one without."""
    known: Mapping[str, float] = getattr(embedder, "across", {})
    return known


def foreign(question: str, hits: Sequence[Hit]) -> list[bool]:
    """Of each hit, whether it is in another language than the question, by its function words and letters."""
    from rag.indexes import detect_language

    asked = detect_language([question])
    return [detect_language([hit.chunk.text]) != asked for hit in hits]


def nearest(question: str, hits: Sequence[Hit], embedder: Embedder) -> Nearest | None:
    """The unit of the hits that is nearest to the question; None where the hits have none."""
    every = [unit for place, hit in enumerate(hits) for unit in units(place, hit) if unit.kind != "heading"]
    every = every[:_EMBEDDED]
    if not every:
        return None
    asked = embedder.embed([question], "query")[0]
    plain = (embedder.embed([unit.view for unit in every], "document") @ asked).tolist()
    order = sorted(range(len(every)), key=lambda at: -plain[at])[:_READ]
    shown = [f"{every[at].above}\n{every[at].view}".strip() for at in order]
    under = (embedder.embed(shown, "document") @ asked).tolist()
    near = {at: (plain[at] + other) / 2 for at, other in zip(order, under, strict=True)}
    ranked = sorted(near, key=lambda at: -near[at])
    best, top = ranked[0], near[ranked[0]]
    lead = top - near[ranked[1]] if len(ranked) > 1 else 0.0
    values = (top, lead, top - sum(plain) / len(plain))
    return Nearest(every[best], probability(values, weights_of(embedder)), values)


def probability(values: Sequence[float], weights: Mapping[str, float]) -> float:
    """P of a unit with these values of `FEATURES`."""
    logit = weights.get("bias", 0.0) + sum(
        weights.get(name, 0.0) * value for name, value in zip(FEATURES, values, strict=True)
    )
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, logit))))
