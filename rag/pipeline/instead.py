"""What answers where nothing is left of what a language model wrote: the built-in answer, if it is sure.

A draft that no source supports says little of the sources: they may well answer. The built-in generator
quotes them, and its confidence is how likely its answer is the right one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.generate import Generator
from rag.trace import Trace
from rag.types import Answer, Question

_TOLD = "The answer shown is quoted from the sources instead."


def quoted_instead(
    trace: Trace,
    quotes: Generator,
    asked: Question,
    withdrawn: Answer,
    least: float,
    pages: Callable[[str], Sequence[int]],
) -> Answer:
    """The built-in answer from the hits of a withdrawn one, if its confidence is `least`; else that one."""
    from rag.ground.cite import cite

    pieces = list(trace.generate(quotes, asked, withdrawn.hits))
    answer: Answer = trace.run("ground", cite, asked, pieces, withdrawn.hits, pages)
    if answer.abstained or answer.confidence < least:
        return withdrawn
    return replace(answer, notes=(*answer.notes, _TOLD))
