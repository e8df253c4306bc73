"""Question → queries. An augment stage is `(question) -> question` with other `queries`; stages chain.

- `glossary.py`: what the corpus means by the terms of a question; `rag/glossary/` mines them
- `feedback.py`: asks again with what the best chunks say
- `memory.py`: pulls a question toward what answered similar ones
- `instruction.py`: appends who asks and what for
- `spelling.py`: corrects typing errors by the words of the chunks that are found
- `history.py`: makes a follow-up question stand alone
- `hyde.py`, `rewrite.py`, `multi_query.py`, `decompose.py`: a language model writes queries;
  `model_prompt.py` fills in the prompt and reads the reply

`docs/stages.md` has what each gains and costs.
"""

from __future__ import annotations

from typing import Protocol

from rag.types import Question

NAMES = {
    "decompose": "rag.augment.decompose:build",
    "feedback": "rag.augment.feedback:build",
    "glossary": "rag.augment.glossary:build",
    "history": "rag.augment.history:build",
    "hyde": "rag.augment.hyde:build",
    "instruction": "rag.augment.instruction:build",
    "memory": "rag.augment.memory:build",
    "multi_query": "rag.augment.multi_query:build",
    "rewrite": "rag.augment.rewrite:build",
    "spelling": "rag.augment.spelling:build",
}
"""Name in the settings → what builds the stage."""


class Augment(Protocol):
    """Makes queries of a question: rewrites, adds, or weighs them."""

    def __call__(self, question: Question) -> Question: ...
