"""A stage that runs where a condition holds, `multi_query if unsure`; else it hands on what it got.

Its record in the trace says whether the condition held, and what the condition saw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rag.trace import note
from rag.types import Answer, Hit, Question
from rag.when import When

LISTED = ("augment", "denoise", "reorder", "ground")
"""The kinds whose stages may have a condition: those that can be left out."""


class Spelled(NamedTuple):
    """`multi_query if not unsure` taken apart; `when` is empty where there is no condition."""

    stage: str
    when: str = ""
    wanted: bool = True


def spelled(named: str) -> Spelled:
    """The parts of a stage's name in the settings."""
    stage, joined, when = named.partition(" if ")
    bare = when.strip().removeprefix("not ")
    return Spelled(stage.strip(), bare.strip(), bare == when.strip()) if joined else Spelled(named)


class Conditional:
    """`stage` where `when` says `wanted`. It has the `reach` of its stage, where that has one."""

    def __init__(self, name: str, stage: Callable[..., Any], when: When, *, wanted: bool = True) -> None:
        self.name, self.stage, self._when, self._wanted = name, stage, when, wanted
        if hasattr(stage, "reach"):
            self.reach: int = stage.reach

    def before_hits(self, search: Callable[[], Sequence[Hit]]) -> Callable[[Question], Question]:
        """The same for a stage before retrieval; `search` is what its condition may look at."""

        def conditional(question: Question) -> Question:
            return self.stage(question) if self._held(question, search) else question

        conditional.name = self.name  # type: ignore[attr-defined]
        return conditional

    def __call__(self, question: Question, given: Sequence[Hit] | Answer) -> Any:
        held = self._held(question, lambda: given.hits if isinstance(given, Answer) else given)
        return self.stage(question, given) if held else given

    def _held(self, question: Question, hits: Callable[[], Sequence[Hit]]) -> bool:
        held = bool(self._when(question, hits)) is self._wanted
        note("ran", held)
        return held
