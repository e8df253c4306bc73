"""Raised and lowered text, so that a number and its mark never run together: `10^6`, `500 [1]`, `10_2`."""

from __future__ import annotations

import re

_EXPONENT = re.compile(r"[-+−–]?(?:\d{1,3}|[a-z]|\d?n)$")
_POWER_BASE = re.compile(r"(?:^|[^\d.,])(?:[-−]?10|2|e)$|[×·*]\s?\d+$|\)$")
_UNIT = re.compile(r"(?:^|[\s\d/·(])(?:[kcdmµ]?m|ft|in|km|s|yd|mi)$")
_NOTE = re.compile(r"[(\[]?(?:\d{1,3}(?:[,–-]\d{1,3})*|[a-z*†‡§])[)\]]?$")
_ORDINALS = frozenset({"st", "nd", "rd", "th", "er", "e", "o", "a", "ère", "re", "º", "ª"})


def raised(before: str, mark: str) -> str:
    """What a raised text adds behind `before`: an exponent as `^6`, a note as ` [1]`, else itself."""
    mark = " ".join(mark.split())
    if not mark:
        return ""
    base = before[-1:]
    bare = mark.strip("()[]")
    if base.isdigit() and mark in _ORDINALS and mark not in ("a", "e", "o"):
        return mark
    if _EXPONENT.match(mark):
        if (
            _POWER_BASE.search(before)
            or (bare.lstrip("-+−–").isdigit() and _UNIT.search(before))
            or mark[0] in "-+−–"
        ):
            return f"^{mark}"
        if len(mark) == 1 and mark.isalpha() and base.isdigit() and mark == "n":
            return f"^{mark}"
    if _NOTE.match(mark) and (bare.isdigit() or base.isdigit() or not bare.isalnum() or "," in bare):
        return f" [{bare}]" if base and not base.isspace() else f"[{bare}]"
    if base.isalnum() and mark[0].isdigit():
        return f"^{mark}"
    return mark


def lowered(before: str, mark: str) -> str:
    """What a lowered text adds behind `before`: itself (`H2O`), behind a digit or with one as `10_2`."""
    mark = " ".join(mark.split())
    return f"_{mark}" if mark and before[-1:].isdigit() and mark[0].isalnum() else mark
