"""What the reader takes for the answer, and how sure it is, as a hint in a language model's prompt.

A small model that was trained for one task knows when it is right, and a large one can tell when it is not:
the prompt shows the large one the small one's prediction with its confidence. Here the small one is the
reader, its prediction the words that are most likely the answer, over the hits h that the model is shown,

    max over answers a of  P(a) = min(1, Σ_h P(h answers) · P(a | h))

Source: Xu and others, Small Models are Valuable Plug-ins for Large Language Models (SuperICL).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rag.reading import Reader, passage_of
from rag.reading.pooled import pooled
from rag.types import Hit

NOTHING = "nothing that answers"


class Hint(NamedTuple):
    """The words of the likeliest answer, empty where there is none, and their probability."""

    words: str
    probability: float

    def __str__(self) -> str:
        return f"“{self.words}”, with a confidence of {self.probability:.2f}" if self.words else NOTHING


def hint(reader: Reader, question: str, hits: Sequence[Hit], most: int = 0) -> Hint:
    """The hint from the `most` best hits; 0 is all. The stage `rerank` has had most of them read already."""
    shown = sorted(hits, key=lambda hit: -hit.score)[: most or len(hits)]
    texts = [hit.chunk.text for hit in shown]
    answers = pooled(texts, reader.read(question, [passage_of(hit) for hit in shown]))
    if not answers:
        return Hint("", 0.0)
    best = answers[0]
    return Hint(" ".join(texts[best.place][best.start : best.end].split()), best.probability)
