"""Raised and lowered text, so that a number and its mark never run together: `10^6`, `500 [1]`, `10_2`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

RAISED, LOWERED, STRUCK = "raised", "lowered", "struck"
_LONGEST = 40  # characters of a mark; a longer text is a line of its own

_NEAR = 40  # characters before a mark that tell what it belongs to
_EXPONENT = re.compile(r"[-+−–]?(?:\d{1,3}|[a-z]|\d?n)$")
_SUM = re.compile(r"[-+−–(]?(?:\d{1,3}|\d{0,3}[a-z])(?:\s?[-+−–/·*]\s?(?:\d{1,3}|\d{0,3}[a-z])){1,4}\)?$")
_POWER_BASE = re.compile(r"(?:^|[^\d.,])(?:[-−]?10|2|e)$|[×·*]\s?\d+$|\)$")
_UNIT = re.compile(r"(?:^|[\s\d/·(])(?:[kcdmµ]?m|ft|in|km|s|yd|mi)$")
_LONG = re.compile(r"[\s\u00a0]?(?:[kcdmµ]?m|ft|yd|(?:kilo|centi|milli)?met(?:re|er)s?|feet)(?![^\W_]|\s*\d)")
_MONEY = re.compile(r"[$€£¥]\s?[\d.,]+$")
_TERM = re.compile(r"(?:^|[^\w.,])(?:\d{1,3}|[^\W\d_]{1,2})$")
_OPERATOR_BEHIND = re.compile(r"(?<!\s)\s*+[=+×·/<>≈≤≥−]")
_OPERATOR_BEFORE = re.compile(r"[=+×·<>≈≤≥−]\s*\w+$")
_ENDED = re.compile(r"(?<!\s)\s*+(?:$|[^\w\s])")
_VARIABLE = re.compile(r"(?:^|[^\w.])(?![aI]$)[^\W\d_]$")
_INDEX = frozenset("nkxyijt")
_ISOTOPE = re.compile(r"(?:He?|Li|Be|[CNOFPSKU]|Cl|Ca|Fe|Co|Sr|Tc|Cs|Pb|R[an]|Th|Pu|Am)(?![a-z])")
_ITEM = r"(?:\d{1,3}(?!\d)|[a-z](?![a-z])|[*∗†‡§¶#]++)"
_NOTE = re.compile(rf"[(\[]?{_ITEM}(?:(?:\s?[,;–-]\s?|\s|(?=[*∗†‡§¶#])){_ITEM})*+[)\]]?$")
_WORD_BEFORE = re.compile(r"[^\W\d_]{3}$")
_ORDINALS = frozenset({"st", "nd", "rd", "th", "er", "re", "ère", "º", "ª"})
_SIGNS = {"TM": "™", "tm": "™", "SM": "℠", "R": "®", "(R)": "®"}


def raised(before: str, mark: str, after: str = "") -> str:
    """What a raised text adds behind `before`: an exponent as `^6`, a note as ` [1]`, else itself.

    `after` is what follows on the line, as far as it is known: a number before a unit of length, or within a
    calculation, has a power, elsewhere a note.
    """
    mark = " ".join(mark.split())
    if not mark:
        return ""
    before = before[-_NEAR:]
    base = before[-1:]
    if base.isdigit() and mark in _ORDINALS:
        return mark
    if base.isdigit() and mark == "o":
        return "°" if re.match(r"\s?[CFK]\b", after) else "º"
    if base.isalpha() and mark in _SIGNS and (len(mark) > 1 or _WORD_BEFORE.search(before)):
        return _SIGNS[mark]
    if not base.isalnum() and mark.isdigit() and len(mark) > 1 and _ISOTOPE.match(after):
        return mark
    if _EXPONENT.match(mark) and _is_power(before, mark, after):
        return f"^{mark}"
    letters = {each for each in mark if each.isalpha()}
    # Letters from the front of the alphabet behind a number are a range of notes: `500 [a–c]`.
    if letters and _SUM.match(mark) and (letters <= _INDEX if base.isdigit() else _VARIABLE.search(before)):
        return f"^({mark.strip('()')})"
    bare = mark.strip("()[]")
    if _NOTE.match(mark) and (not bare.isalpha() or base.isdigit() or _WORD_BEFORE.search(before)):
        return f" [{bare}]" if base and not base.isspace() else f"[{bare}]"
    return f"^{mark}" if base.isalnum() and mark[0].isdigit() else mark


def _is_power(before: str, mark: str, after: str) -> bool:
    if mark[0] in "-+−–" or _POWER_BASE.search(before):
        return True
    base = before[-1:]
    if not mark.isdigit():
        return (mark[-1] == "n" and base.isdigit()) or bool(mark in _INDEX and _VARIABLE.search(before))
    if _UNIT.search(before):
        return True
    if mark == "1" or not base.isalnum():
        return False
    if base.isdigit() and mark in ("2", "3") and _LONG.match(after) and not _MONEY.search(before):
        return True
    calculated = _OPERATOR_BEHIND.match(after) or (
        _OPERATOR_BEFORE.search(before) and (base.isalpha() or _ENDED.match(after))
    )
    if calculated and _TERM.search(before):
        return True
    return mark in ("2", "3") and bool(_VARIABLE.search(before))


def lowered(before: str, mark: str) -> str:
    """What a lowered text adds behind `before`: itself (`H2O`), behind a digit or with one as `10_2`."""
    mark = " ".join(mark.split())
    return f"_{mark}" if mark and before[-1:].isdigit() and mark[0].isalnum() else mark


def set_off(runs: Iterable[tuple[str, str]]) -> str:
    """Runs of text as (text, RAISED, LOWERED, STRUCK or ``) → one text, with marks where one is needed."""
    runs = [run for run in runs if run[0]]
    if not any(kind for _, kind in runs):
        return "".join(text for text, _ in runs)
    pieces = [
        ("".join(text for text, _ in group), kind) for kind, group in groupby(runs, key=lambda run: run[1])
    ]
    out = ""
    for number, (text, kind) in enumerate(pieces):
        said = text.strip()
        tail = " " if said and text[-1].isspace() else ""
        if not said or not kind:
            out += text
        elif kind == STRUCK:
            out += f"{' ' if text[0].isspace() else ''}~~{said}~~{tail}"
        elif len(said) > _LONGEST:
            out += text
        elif kind == LOWERED:
            out += lowered(out, said) + tail
        else:
            after = "".join(text for text, _ in pieces[number + 1 : number + 3])
            out += raised(out, said, tail + after) + tail
    return out
