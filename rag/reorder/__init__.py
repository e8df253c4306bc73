"""The order in which a generator sees the hits. A reorder stage is `(question, hits) -> hits`; stages chain.

- `edges.py`: the best hits at both ends
- `score.py`: the best first; `reverse.py`: the best last
- `source.py`: as they stand in their documents
- `neighbours.py`: adjacent chunks joined

Without a stage, hits stay in the order in which denoising left them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag.types import Hit, Question

NAMES = {
    "edges": "rag.reorder.edges:build",
    "neighbours": "rag.reorder.neighbours:build",
    "reverse": "rag.reorder.reverse:build",
    "score": "rag.reorder.score:build",
    "source": "rag.reorder.source:build",
}
"""Name in the settings → what builds the stage."""


class Reorder(Protocol):
    """Puts hits in another order; what they say stays, though adjacent ones may be joined."""

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Sequence[Hit]: ...
