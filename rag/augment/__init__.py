"""Question → queries. An augment stage is `(question) -> question` with other `queries`; stages chain.

None ships yet that pays on every set, so the default chain is empty; `docs/extending.md` shows one.
"""

from __future__ import annotations

from typing import Protocol

from rag.types import Question


class Augment(Protocol):
    """Makes queries of a question: rewrites, adds, or weighs them."""

    def __call__(self, question: Question) -> Question: ...
