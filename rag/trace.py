"""What each stage did: one record a stage, in order. `rag ask --explain` prints them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One stage: what came in, what went out, how long it took (milliseconds), and why it did what it did."""

    stage: str
    name: str
    came_in: str = ""
    went_out: str = ""
    why: str = ""
    ms: float = 0.0
    detail: Mapping[str, Any] = field(default_factory=dict)
