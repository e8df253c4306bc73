"""A cell's value → what the sheet shows: percent, leading zeros, thousands, currency, durations, dates.

A code that is not understood leaves the value as it is stored.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

from rag.loaders.guard.invisible import visible

from .codes import for_number, hides_others, sections
from .moments import duration, moment
from .numbers import number

_TEXT_PART = re.compile(r'"([^"]*)"|\\(.)|[_*].|(.)')


def shown(value: Any, code: str = "") -> str:
    """A value under a format code, `` where that shows nothing; without one or `General` as it is stored."""
    if code and code.lower() != "general":
        if isinstance(value, str | bool) and hides_others(code):
            return ""
        if isinstance(value, str) and "@" in code:
            return _text(value, sections(code)[-1])
        try:
            if isinstance(value, datetime.datetime | datetime.date | datetime.time | datetime.timedelta):
                return moment(value, code)
            if isinstance(value, int | float) and not isinstance(value, bool):
                section, minus = for_number(float(value), code)
                return number(float(value), section, minus, stored(value))
        except (ValueError, ArithmeticError, IndexError):
            return stored(value)
    return stored(value)


def _text(value: str, section: str) -> str:
    """A text under the section of a format code for texts: `"Note: "@`."""
    literal = "".join(
        quoted or escaped or sign for quoted, escaped, sign in _TEXT_PART.findall(section.strip())
    )
    return visible(literal.replace("@", value)) if "@" in literal else stored(value)


def stored(value: Any) -> str:
    """A value without its format: whole numbers without `.0`, dates as ISO 8601, truth as TRUE and FALSE."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        # 15 digits are what a sheet keeps: 0.1 + 0.2 is 0.3.
        text = f"{value:.15g}"
        return f"{Decimal(text):f}" if "e-" in text and abs(value) > 1e-12 else text
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    if isinstance(value, datetime.timedelta):
        return duration(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return visible(str(value))
