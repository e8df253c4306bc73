"""A format code taken apart: its sections, which of them a value takes, and their tokens."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0', 6: '"$"#,##0', 7: '"$"#,##0.00',
    8: '"$"#,##0.00', 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "mm-dd-yy",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 22: "m/d/yy h:mm", 37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00", 41: "#,##0", 42: '"$"#,##0', 43: "#,##0.00", 44: '"$"#,##0.00', 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""The format codes that a file names by number only."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]{0,255})"|\\(?P<escaped>.)'
    r"|\[\$(?P<currency>[^\]-]{0,255}+)(?:-(?P<locale>[^\]]{0,255}))?\]"
    r"|\[(?P<elapsed>h+|m+|s+)\]|\[(?P<bracket>[^\]]{0,255})\]"
    r"|_.|\*.|(?P<general>General)|(?P<half>AM/PM|A/P)|(?P<exponent>E[+-])"
    r"|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|(?<![^\W\d_])e+(?![^\W\d_]))|(?P<digits>[0#?.,]+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"\[(?P<sign>[<>=]+)(?P<limit>-?[\d.]+)\]")
_SPLIT = re.compile(r'"[^"]*"|\\.|;|[^";\\]+|.', re.DOTALL)


class Section(NamedTuple):
    """One section of a code: its tokens as (kind, text), the language of its dates, whether it is of a date.

    Kinds: `literal`, `currency`, `general`, `digits`, `exponent`, `date`, `half`, `elapsed`, `bracket`,
    `other`.
    """

    tokens: tuple[tuple[str, str], ...]
    locale: str
    is_date: bool


@lru_cache(maxsize=512)
def section_of(text: str) -> Section:
    """A section, as `sections` gives it, taken apart."""
    tokens: list[tuple[str, str]] = []
    locale = ""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind in ("currency", "locale"):
            locale = match["locale"] or locale
            kind = "currency" if match["currency"] else "bracket"
        if kind:
            tokens.append(("literal" if kind in ("quoted", "escaped") else kind, match[kind] or ""))
    is_date = any(kind in ("date", "half", "elapsed") for kind, _ in tokens)
    return Section(tuple(tokens), locale, is_date)


def sections(code: str) -> list[str]:
    """The sections of a code: positive numbers, negative ones, zero, texts."""
    parts = [""]
    for match in _SPLIT.finditer(code):
        if match[0] == ";":
            parts.append("")
        else:
            parts[-1] += match[0]
    return parts


def is_date(code: str) -> bool:
    """Whether a code shows a number as a date, a time or a duration."""
    return section_of(sections(code)[0]).is_date


def hides_others(code: str) -> bool:
    """Whether a code shows nothing of what is no number: its fourth section is blank, as in `;;;`."""
    parts = sections(code)
    return len(parts) > 3 and not parts[3].strip()


def for_number(value: float, code: str) -> tuple[str, bool]:
    """The section that a number takes, and whether a minus goes before it; a blank section shows nothing."""
    parts = sections(code)[:4]
    if len(parts) == 4 or (len(parts) > 1 and "@" in parts[-1]):
        parts.pop()  # that of texts
    minus = value < 0
    conditions = [_CONDITION.search(part) for part in parts[:2]]
    for part, condition in zip(parts, conditions, strict=False):
        if condition and _holds(value, condition):
            return part, minus
    if any(conditions):
        return _otherwise(value, parts, [bool(each) for each in conditions]), minus
    if minus and len(parts) > 1:
        return parts[1], False  # it shows its own sign: brackets or a minus
    return parts[2] if value == 0 and len(parts) > 2 else parts[0], minus


def _holds(value: float, condition: re.Match[str]) -> bool:
    limit = float(condition["limit"])
    signs = {"<": value < limit, ">": value > limit, "=": value == limit}
    return (not signs["="]) if condition["sign"] == "<>" else any(signs[each] for each in condition["sign"])


def _otherwise(value: float, parts: list[str], conditional: list[bool]) -> str:
    """The section for a number that no condition of the code takes."""
    if len(parts) == 1 or (all(conditional) and len(parts) == 2):
        return "General"
    if not conditional[0] and value > 0:
        return parts[0]
    return parts[1] if len(parts) == 2 or (not conditional[1] and value < 0) else parts[2]
