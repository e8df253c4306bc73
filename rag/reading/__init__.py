"""A small model that reads question and passage together: it reranks, answers, abstains, checks claims.

- `onnx.py`: `OnnxReader`, which runs the model that ships, and those that `rag tune reader` makes
- `pairs.py`: two texts → the tokens that the model reads; `spans.py`: its logits → answers
- `pooled.py`: answers found in several hits → which of them to believe
- `units.py`: hits → sentences, items, rows and headings; `choice.py`: which of them answers
- `differences.py`: by how much a number of a table changed
- `lists.py`: which list answers a question for steps or for all of something; `polar.py`: yes or no
- `findings.py`: what a study found, as yes, no or maybe; `subject.py`: whether it is a study of what is asked
- `across.py`: the sentence that answers a question in another language, by a multilingual embedder
- `candidates.py`: which parts of a chunk may be quoted; `evidence.py`: how well one answers a question
- `settings.py`: `reader.json`, what a model says of itself
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rag.types import Hit


class Passage(NamedTuple):
    """What is read: a text, and the heading or title above it, in which no answer is looked for."""

    context: str
    text: str


class Span(NamedTuple):
    """A possible answer, `text[start:end]` of a passage, and the probability that it is the right one."""

    start: int
    end: int
    probability: float


class Reading(NamedTuple):
    """What came of reading one passage: whether it answers (a logit, and 0 to 1), and its best spans."""

    logit: float
    answerable: float
    spans: tuple[Span, ...]


class Reader(Protocol):
    """Reads pairs of texts."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        """One reading a passage, in their order."""
        ...

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Pairs of (claim, text) → the probability that the text supports the claim, 0 to 1."""
        ...


def passage_of(hit: Hit) -> Passage:
    """What the reader is shown of a hit: so that all stages ask for the same, and it is read once."""
    return Passage(hit.chunk.context, hit.chunk.text)
