"""Values that a document's metadata can hold, from what formats carry."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from rag.text.fields import field_name

MAX_VALUE_CHARS = 2_000
MAX_VALUES = 1_000
_MAX_CHARS = 500_000  # of all values and names of a document together
_MAX_LEVELS = 8  # of names within names
_MOST_LOOKED_AT = 20_000  # values and names; YAML can say the same one again and again
# Titles that a program, not a person, put there.
_NO_TITLE = re.compile(
    r"^(?:untitled|document|presentation|slide|title|powerpoint presentation|microsoft word - .*|book)\s*\d*$"
    r"|^\(?(?:anonymous|unspecified)\)?$"
    r"|\.(?:docx?|dvi|tex|indd|pdf|pptx?|xlsx?|rtf|odt|html?|txt|ps|eps|qxd)$",
    re.IGNORECASE,
)


def scalars(values: Mapping[Any, Any], leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The plain values and lists of plain values, by names that filters can use.

    Values within values get a name with dots, `nested.team`; of a list of them, each name gets the list of
    its values. Dates become ISO 8601 strings; over-long strings and lists are cut,
    and so is what all of them take together.
    """
    kept: dict[str, Any] = {}
    rows = {name: value for name, value in values.items() if name not in leave_out}
    _keep(kept, "", rows, _MAX_LEVELS, count(1))
    return _within(kept, _MAX_CHARS)


def _within(kept: Mapping[str, Any], room: int) -> dict[str, Any]:
    """The entries that have room together, as JSON; those behind them are left out."""
    inner: dict[str, Any] = {}
    for name, value in kept.items():
        room -= len(json.dumps([name, value], ensure_ascii=False))
        if room < 0:
            break
        inner[name] = value
    return inner


def _keep(
    kept: dict[str, Any], above: str, values: Mapping[Any, Any], levels: int, looked: Iterator[int]
) -> None:
    for key, value in values.items():
        if next(looked) > _MOST_LOOKED_AT:
            return
        name = field_name(f"{above}{key}") if isinstance(key, str | int) else ""
        if not name or name in kept or len(kept) >= MAX_VALUES:
            continue
        if isinstance(value, Mapping):
            if levels:
                _keep(kept, f"{name}.", value, levels - 1, looked)
        elif isinstance(value, list | tuple | set):
            each_of = list(value)[:MAX_VALUES]
            plain = [scalar for each in each_of if (scalar := _plain(each)) is not None]
            inner = [each for each in each_of if isinstance(each, Mapping)]
            if plain or not inner:
                kept[name] = plain
            if levels and inner:
                _keep(kept, f"{name}.", _gathered(inner), levels - 1, looked)
        elif (scalar := _plain(value)) is not None:
            kept[name] = scalar


def _gathered(rows: Sequence[Mapping[Any, Any]]) -> dict[Any, list[Any]]:
    """Name → its values in several mappings."""
    gathered: dict[Any, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            gathered.setdefault(name, []).extend(value[:MAX_VALUES] if isinstance(value, list) else [value])
    return gathered


def present(**values: str) -> dict[str, str]:
    """The values that are not blank, stripped and on one line."""
    lines = {name: one_line(value)[:MAX_VALUE_CHARS] for name, value in values.items()}
    return {name: value for name, value in lines.items() if value}


def sensible_title(title: str) -> str:
    """The title on one line, or `` where it is a program's placeholder or a file name."""
    line = one_line(title)[:300]
    return "" if _NO_TITLE.search(line) or not re.search(r"\w", line) else line


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def _plain(value: Any) -> str | int | float | bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        # Integers beyond 64 bits fit no database column.
        return value if abs(value) < 1 << 63 else str(value) if value.bit_length() < 10_000 else None
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return value[:MAX_VALUE_CHARS] if isinstance(value, str) else None
