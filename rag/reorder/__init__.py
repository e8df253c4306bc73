"""The order in which a generator sees the hits. A reorder stage is `(question, hits) -> hits`; stages chain.

- `edges.py`: the best hits at both ends
- `source.py`: as they stand in their documents

Without a stage, hits stay in order of score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag.types import Hit, Question


class Reorder(Protocol):
    """Puts hits in another order; none is dropped or added."""

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Sequence[Hit]: ...
