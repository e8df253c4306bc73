"""What a question asks for, by its English words: an explanation, a time, a number, or a name.

Questions in other words or languages ask for nothing that is known here.
"""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["time", "number", "name"]

_MEASURES = "many|much|old|long|far|tall|high|big|large|often"
_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "time": re.compile(
        r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade|time)\b", re.IGNORECASE
    ),
    "number": re.compile(rf"\bhow (?:{_MEASURES})\b|\bwhat (?:number|percentage|share)\b", re.IGNORECASE),
    "name": re.compile(
        r"\b(?:who|whom|whose|where|which)\b|\bwhat (?:person|city|country|company|place|name)\b"
        r"|\bwhat is the (?:name|capital)\b",
        re.IGNORECASE,
    ),
}
_EXPLANATION = re.compile(
    rf"\b(?:why|explain|describe|how (?!(?:{_MEASURES}|fast|deep|heavy|wide)\b)\w+"
    r"|what (?:happens|happened|for|does .+ (?:do|mean))|what (?:is|are) the (?:difference|differences|steps"
    r"|advantages|disadvantages|reasons|consequences|purpose|requirements|options))\b",
    re.IGNORECASE,
)


def kind_of(question: str) -> Kind | None:
    """The kind of value that a question asks for; of several the first of time, number, name."""
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.search(question)), None)


def explains(question: str) -> bool:
    """Whether a question asks for an explanation rather than for a name, a number or the like."""
    return bool(_EXPLANATION.search(question))
