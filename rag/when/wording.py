"""What the words of a question show by themselves; nothing is searched."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.text.questions import QUESTION_WORDS, form_of
from rag.types import Hit, Question

from . import When

_JARGON = re.compile(r"\b(?=\w*[A-Z])(?=\w*[A-Z]\w*[A-Z]|\w*\d)[A-Z0-9][\w-]*\b")
_ASKED = re.compile(
    rf"\b(?:and|or|;|,)\s+(?:{QUESTION_WORDS}|did|does|is|are|was|were)\b",
    re.IGNORECASE,
)


def build_jargon() -> When:
    """A condition that holds where a question has an abbreviation or a code: `SLA`, `B12`, `ERR_4021`."""

    def jargon(question: Question, found: Callable[[], Sequence[Hit]]) -> bool:
        return not question.text.isupper() and bool(_JARGON.search(question.text))

    return jargon


def build_multi() -> When:
    """A condition that holds where a question asks for two things: it compares, or asks twice."""

    def multi(question: Question, found: Callable[[], Sequence[Hit]]) -> bool:
        text = question.text
        return form_of(text) == "comparison" or text.count("?") > 1 or bool(_ASKED.search(text))

    return multi


def build_history() -> When:
    """A condition that holds where a question follows on others."""

    def history(question: Question, found: Callable[[], Sequence[Hit]]) -> bool:
        return bool(question.history)

    return history
