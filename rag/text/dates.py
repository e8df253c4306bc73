"""The month of a date, and the months that a text names.

Names of months are known in English, German, French and Spanish.
"""

from __future__ import annotations

import re

_MONTHS = (
    ("jan", "enero"), ("feb", "fév"), ("mar", "mär"), ("apr", "avr", "abr"), ("may", "mai"), ("jun", "juin"),
    ("jul", "juil"), ("aug", "août", "ago"), ("sep",), ("oct", "okt"), ("nov",), ("dec", "dez", "déc", "dic"),
)  # fmt: skip
MONTH = (
    r"(?:jan(?:uary|uar|vier)?|enero|feb(?:ruary|ruar|rero)?|fév(?:rier)?|mar(?:ch|s|zo)?|märz|apr(?:il)?|avril|abril"
    r"|may|mai|mayo|june?|juni|juin|junio|july?|juli|juillet|julio|aug(?:ust)?|août|agosto"
    r"|sept?(?:ember|embre|iembre)?|o[ck]t(?:ober|obre|ubre)?|nov(?:ember|embre|iembre)?"
    r"|de[cz](?:ember|iembre)?|déc(?:embre)?)\.?"
)
"""A month's name, whole or short, in lower case."""
_YEAR = r"(?:1\d{3}|20\d\d)"


def month_of(cell: str) -> tuple[int, int] | None:
    """Year and month of a date (`2031-05-07`, `7.5.2031`, `7 May 2031`); None where one is not clear."""
    if match := re.match(r"\s*(\d{4})-(\d\d)(?:-\d\d|\s*$)", cell):
        return int(match[1]), int(match[2])
    if match := re.match(rf"\s*\d{{1,2}}\.\s?(\d{{1,2}})\.\s?({_YEAR})\b", cell):
        return int(match[2]), int(match[1])
    return next((named for _, named in months_in(cell)), None)


def months_in(text: str) -> list[tuple[str, tuple[int, int]]]:
    """Each month of a year that a text names: its words (`May 2031`), and (2031, 5)."""
    named = []
    for match in re.finditer(
        rf"\b(?P<month>{MONTH})(?: \d{{1,2}},?)?(?: of| de)? (?P<year>{_YEAR})\b", text, re.IGNORECASE
    ):
        number = _number_of(match["month"])
        if number:
            named.append((match[0], (int(match["year"]), number)))
    return named


def _number_of(month: str) -> int | None:
    low = month.lower()
    return next((n for n, starts in enumerate(_MONTHS, 1) if low.startswith(starts)), None)
