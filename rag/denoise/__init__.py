"""Hits → fewer, better hits. A denoise stage is `(question, hits) -> hits`, best first; stages chain.

- `duplicates.py`: near-identical chunks, of which one is enough
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag.types import Hit, Question


class Denoise(Protocol):
    """Drops hits or changes their scores; the order that comes back counts."""

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Sequence[Hit]: ...
