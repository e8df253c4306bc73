"""Values that a document's metadata can hold, from what formats carry."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from typing import Any

MAX_VALUE_CHARS = 2_000
MAX_VALUES = 1_000
# Titles that a program, not a person, put there.
_NO_TITLE = re.compile(
    r"^(?:untitled|document|presentation|slide|title|powerpoint presentation|microsoft word - .*|book)\s*\d*$"
    r"|^\(?(?:anonymous|unspecified)\)?$"
    r"|\.(?:docx?|dvi|tex|indd|pdf|pptx?|xlsx?|rtf|odt|html?|txt|ps|eps|qxd)$",
    re.IGNORECASE,
)


def scalars(values: Mapping[Any, Any], leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The plain values and lists of plain values, by name; nested ones are left out.

    Dates become ISO 8601 strings; over-long strings and lists are cut.
    """
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if not isinstance(name, str) or name in leave_out or len(kept) >= MAX_VALUES:
            continue
        if isinstance(value, list | tuple | set):
            kept[name] = [plain for each in list(value)[:MAX_VALUES] if (plain := _plain(each)) is not None]
        elif (plain := _plain(value)) is not None:
            kept[name] = plain
    return kept


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
