"""What `ask.retry` may name: `k=30`, so many hits, or an augment stage besides those there are.

A refusal is dear where the answer is there and was not found, and cheap questions need no more than they
get: so what costs more is tried only then, as confidence-based iteration does (VideoICL).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rag.counts import counted
from rag.errors import ConfigError
from rag.types import Answer

from .registry import check

_HITS = re.compile(r"k\s*=\s*(\d+)")


def hits_of(step: str) -> int:
    """The number of hits that a step asks for; 0 where it names a stage."""
    match = _HITS.fullmatch(step.strip())
    return int(match[1]) if match else 0


def check_retry(step: str, options: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises ConfigError for a step that is neither a number of hits nor an augment stage."""
    if hits_of(step):
        return
    try:
        check("augment", step, options)
    except ConfigError as error:
        raise ConfigError(f"ask.retry has {step!r}, expected k=30 or an augment stage: {error}") from error


def outcome(answer: Answer) -> str:
    """An answer in a few words, for the trace."""
    summary = "abstained" if answer.abstained else counted(len(answer.sentences), "sentence")
    return f"{summary}, confidence {answer.confidence:.2f}"
