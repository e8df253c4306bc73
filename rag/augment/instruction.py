"""Appends an instruction to the query: who asks, what for, what kind of text is wanted.

    dense query    question + " " + instruction          lexical query    question

The lexical leg gets the question alone: BM25 would look for the instruction's words. It helps embedders that
were trained to follow instructions, and others little. Source: INSTRUCTIR: A Benchmark for Instruction
Following of Information Retrieval Models, where the instruction follows the query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rag.errors import ConfigError
from rag.types import Query, Question


def build(instruction: str = "") -> Callable[[Question], Question]:
    """A stage that appends `instruction` to every query of the dense leg. Raises ConfigError without one."""
    if not instruction.strip():
        raise ConfigError(
            'the stage instruction has none: write one as `instruction = "…"` in [stages.instruction]'
        )

    def instruct(question: Question) -> Question:
        queries: list[Query] = []
        for query in question.to_search:
            if query.leg == "lexical" or query.vector is not None:
                queries.append(query)
                continue
            queries.append(replace(query, text=f"{query.text} {instruction.strip()}", leg="dense"))
            if query.leg == "":
                queries.append(replace(query, leg="lexical"))
        return replace(question, queries=tuple(queries))

    return instruct
