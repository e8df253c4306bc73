"""Whether a text has what a question asks for: a number, a time, a name, or a reason."""

from __future__ import annotations

import re

from rag.text.dates import MONTH
from rag.text.questions import is_reason, kind_of

NUMBER = re.compile(  # and none that is part of a code
    r"(?<![\w-])\d+(?![\w-]*[^\W\d]|\d*-(?:0|\d{3}))"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|hundred)\b",
    re.IGNORECASE,
)

CURRENCY = re.compile(
    r" ?(?:%|€|(?:EUR|USD|GBP|CHF|SEK|euros?|dollars?|pounds?|percent|per cent)\b)", re.IGNORECASE
)

_DATE = re.compile(
    r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b\d{1,2}:\d\d\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|\.)? (?:of |de )?{MONTH}(?!\w)(?: \d{{4}}\b)?"
    rf"|\b{MONTH} \d{{1,2}},? \d{{4}}\b",
    re.IGNORECASE,
)

_WHEN = re.compile(  # times in words
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|noon|midnight|mid(?:day|summer)|dawn|dusk|sunrise|sunset"
    r"|(?:jan|febr)uary|march|april|may|june|july|august|(?:septem|octo|novem|decem)ber|today|tomorrow|yesterday"
    r"|mornings?|afternoons?|evenings?|nights?|spring|summer|autumn|winter|christmas|easter)\b",
    re.IGNORECASE,
)

_REASON = re.compile(
    r"\b(?:because|since|due to|owing to|thanks to|as a result|result(?:s|ed)? (?:from|in)|therefore|thus"
    r"|hence|so that|so (?!far\b)|otherwise|reasons?|caused?|in order|to avoid|to prevent|led to"
    r"|weil|denn|damit|wegen|parce que|afin|pour que|porque|para que|debido)\b",
    re.IGNORECASE,
)


def has_kind(question: str, text: str) -> bool | None:
    """Whether a text has the kind of value that a question asks for; None where it asks for no known kind."""
    if kind_of(question) is None and not is_reason(question):
        return None
    return bool(added_kind(question, text))


def added_kind(question: str, text: str) -> float:
    """1 where the question asks for a number, a time or a name, and the text adds one; or for a reason."""
    if is_reason(question):
        return float(bool(_REASON.search(text)))
    known = set(re.findall(r"\w+", question.lower()))
    kind = kind_of(question)
    if kind == "number":
        text = _DATE.sub(" ", text)
    if kind == "time" and any(word.lower() not in known for word in _WHEN.findall(text)):
        return 1.0
    if kind in ("number", "time"):
        return float(any(number not in known for number in NUMBER.findall(text)))
    if kind == "name":
        names = re.findall(r"(?<![.!?]\s)(?<!^)\b[^\W\d_a-z]\w+", _WHEN.sub(lambda m: " " * len(m[0]), text))
        return float(any(name.lower() not in known for name in names))
    return 0.0
