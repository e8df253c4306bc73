"""Is a made question any good? It has to bring its passage back, and the reader has to find the answer there.

The reader is the built-in one, whatever generator the pipeline has: a model that wrote a question must not be
the one that approves of it. Source: Alberti et al., Synthetic QA Corpora Generation with Roundtrip
Consistency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.evaluate.running.score import holds, right
from rag.stores import Filter, NotOf, Where
from rag.types import Answer, Chunk, Hit, Question

from .cases import Case

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

_DEEP = 50  # hits looked through for another place of an answer


class RoundTrip:
    """Checks questions against one pipeline's documents."""

    def __init__(self, rag: Pipeline) -> None:
        self._rag = rag
        self._reader = rag.variant(generate="extractive")

    def returns(self, case: Case, chunk: Chunk) -> bool:
        """The passage is among the hits, and the answer read from them holds what was asked for."""
        answer = self._reader.ask(case.question)
        return any(hit.chunk.id == chunk.id for hit in answer.hits) and _holds(case, answer)

    def hidden(self, case: Case, chunk: Chunk) -> Case | None:
        """The question without its document, where nothing else that is found holds the answer."""
        others = self._rag.search(case.question, _DEEP, NotOf(Where("source", "=", chunk.source)))
        if any(holds(case, hit.chunk) for hit in others):
            return None
        meta = {**case.meta, "would_be": case.answers[0]}
        return replace(case, answers=(), relevant={}, meta=meta, without=(chunk.source,))

    def passage(self, case: Case) -> Hit | None:
        """The best hit for a question that holds one of its answers."""
        hits = self._rag.search(case.question, _DEEP)
        return next((hit for hit in hits if holds(case, hit.chunk)), None)

    def reads(self, case: Case, question: str, passage: Hit) -> bool:
        """Whether the reader finds the case's answer when it is asked otherwise and shown the passage alone.

        Nothing is searched for: a paraphrase that is hard to find is what a stress test wants to know of.
        """

        def given(question: Question, k: int, where: Filter | None) -> Sequence[Hit]:
            return [passage]

        shown = self._reader.variant(augment=[], retrieve=given, denoise=[], reorder=[])
        return _holds(case, shown.ask(question))


def _holds(case: Case, answer: Answer) -> bool:
    return not answer.abstained and right(case, " ".join(sentence.text for sentence in answer.sentences))
