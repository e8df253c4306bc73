"""How likely the sources answer a question: a logistic model over what the reader found in the hits.

    logit      the highest of the hits' logits
    lead       by how much it is above the second
    span       probability of the best answer, pooled over the hits
    own        what the generator itself says of its answer, as a logit
    near       the highest cosine of a hit's vector with the question's

The weights were fitted by `benchmarks/fit_reading.py` on questions asked twice, as they are and with their
passage filtered out, besides questions that were written to have no answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rag.reading import Reader, passage_of
from rag.reading.pooled import pooled
from rag.types import Hit

FEATURES = ("logit", "lead", "span", "own", "near")
WEIGHTS = (0.386, 0.177, -1.659, 0.591, -0.071)
BIAS = 1.434


def answerable(question: str, hits: Sequence[Hit], own: float, reader: Reader) -> float:
    """The probability (0 to 1) that the hits answer the question; `own` is the generator's confidence."""
    if not hits:
        return 0.0
    total = BIAS + sum(w * x for w, x in zip(WEIGHTS, features(question, hits, own, reader), strict=True))
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def features(question: str, hits: Sequence[Hit], own: float, reader: Reader) -> tuple[float, ...]:
    """One value for each of `FEATURES`."""
    readings = reader.read(question, [passage_of(hit) for hit in hits])
    logits = sorted((reading.logit for reading in readings), reverse=True)
    best = pooled([hit.chunk.text for hit in hits], readings)
    clear = min(0.999, max(0.001, own))
    return (
        logits[0],
        logits[0] - logits[1] if len(logits) > 1 else 0.0,
        best[0].probability if best else 0.0,
        math.log(clear / (1 - clear)),
        max(hit.scores.get("dense", 0.0) for hit in hits),
    )
