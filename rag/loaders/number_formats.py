"""A cell's value → what the sheet shows: percent, leading zeros, thousands, currency, durations, dates.

The format codes are those of Excel and of LibreOffice's English locale (ECMA-376 part 1, 18.8.31). Dates are
ISO 8601, beside a form with the month's name where the sheet shows one. A code that is not understood leaves
the value as it is stored.
"""

from __future__ import annotations

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from rag.loaders.guard.invisible import visible

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0', 6: '"$"#,##0', 7: '"$"#,##0.00',
    8: '"$"#,##0.00', 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "mm-dd-yy",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 22: "m/d/yy h:mm", 37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00", 41: "#,##0", 42: '"$"#,##0', 43: "#,##0.00", 44: '"$"#,##0.00', 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""The format codes that a file names by number only."""
NOTHING = ";;;"
"""The format code that shows nothing."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]{0,255})"|\\(?P<escaped>.)'
    r"|\[\$(?P<currency>[^\]-]{0,255}+)[^\]]{0,255}\]|\[(?P<bracket>[^\]]{0,255})\]"
    r"|_.|\*.|(?P<general>General)|(?P<half>AM/PM|A/P)|(?P<exponent>E[+-])"
    r"|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?)|(?P<digits>[0#?.,]+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_TEXT_PART = re.compile(r'"([^"]*)"|\\(.)|[_*].|(.)')
_CONDITION = re.compile(r"\[(?P<sign>[<>=]+)(?P<limit>-?[\d.]+)\]")
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LOST = 0.01  # where the shown number is further off than this share, the stored one stands beside it


class _Tokens(NamedTuple):
    kinds: tuple[tuple[str, str], ...]
    is_date: bool


def shown(value: Any, code: str = "") -> str:
    """A value under a format code; `` and `General` show it as it is stored."""
    if code and code.lower() != "general":
        if isinstance(value, str) and "@" in code:
            return _text(value, code.split(";")[-1])
        try:
            if isinstance(value, datetime.datetime | datetime.date | datetime.time | datetime.timedelta):
                return _moment(value, code)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return _number(float(value), code)
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
        return _elapsed(value, seconds=bool(value.seconds % 60))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return visible(str(value))


def is_date(code: str) -> bool:
    """Whether a format code shows a number as a date, a time or a duration."""
    return _tokens(code.split(";")[0]).is_date


def _number(value: float, code: str) -> str:
    section, value = _section(value, code)
    tokens = _tokens(section).kinds
    numeric = [text for kind, text in tokens if kind == "digits"]
    if any(kind == "other" and text == "/" for kind, text in tokens):
        return stored(value)  # a fraction
    if not numeric:
        return _literal(tokens, stored(value))
    if len(numeric) > 1 and not any(set(part) - set("0#") for part in numeric):
        return _masked(tokens, value)
    exponent = next((i for i, (kind, _) in enumerate(tokens) if kind == "exponent"), len(tokens))
    pattern = "".join(text for kind, text in tokens[:exponent] if kind == "digits")
    places = len(pattern.partition(".")[2].rstrip(",").replace(",", "")) if "." in pattern else 0
    whole = pattern.partition(".")[0]
    scale = len(pattern) - len(pattern.rstrip(","))
    percents = sum(text == "%" for kind, text in tokens if kind == "other")
    scaled = Decimal(repr(value)) * 100**percents / 1000**scale
    if exponent < len(tokens):
        mantissa, _, power = f"{scaled:.{places}E}".partition("E")
        return f"{mantissa}E{int(power):+03d}"
    least = pattern.partition(".")[2].count("0")
    digits = abs(scaled.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
    head, _, tail = f"{digits:f}".partition(".")
    tail = tail[:least] + tail[least:].rstrip("0")
    head = head.rjust(whole.replace(",", "").count("0"), "0") if whole else head
    if "," in whole.rstrip(","):
        head = f"{int(head):,}" if len(head) <= 15 else head
    text = ("-" if scaled < 0 and digits else "") + head + ("." + tail if tail else "")
    shown = _literal(tokens, text)
    lost = abs(abs(scaled) - digits) > abs(scaled) * Decimal(_LOST)
    return f"{shown} ({stored(value)})" if lost else shown


def _masked(tokens: tuple[tuple[str, str], ...], value: float) -> str:
    """A number whose digits are set in groups, such as a telephone's, filled from the right."""
    digits = str(round(abs(value)))
    out = []
    first = next(i for i, (kind, _) in enumerate(tokens) if kind == "digits")
    for i, (kind, text) in reversed(list(enumerate(tokens))):
        if kind != "digits":
            out.append(text if kind in ("literal", "currency", "other") else "")
            continue
        last = i == first
        part = digits if last else digits[-len(text) :]
        digits = "" if last else digits[: -len(text)]
        out.append(part.rjust(text.count("0"), "0"))
    return visible("".join(reversed(out))).strip()


def _section(value: float, code: str) -> tuple[str, float]:
    """The part of a code that applies to a value, and the value as that part shows it."""
    sections = _split(code)
    for section in sections[:2]:
        if match := _CONDITION.search(section):
            limit = float(match["limit"])
            signs = {"<": value < limit, ">": value > limit, "=": value == limit}
            if any(signs[sign] for sign in match["sign"] if sign in signs):
                return section, value
    if any(_CONDITION.search(section) for section in sections):
        return sections[-1], value
    if value < 0 and len(sections) > 1 and sections[1]:
        # A section for negative numbers shows its own sign: brackets or a minus.
        return sections[1], abs(value)
    if value == 0 and len(sections) > 2 and sections[2]:
        return sections[2], value
    return sections[0], value


def _split(code: str) -> list[str]:
    parts = [""]
    for match in re.finditer(r'"[^"]*"|\\.|;|[^";\\]+|.', code, re.DOTALL):
        if match[0] == ";":
            parts.append("")
        else:
            parts[-1] += match[0]
    return parts


def _literal(tokens: tuple[tuple[str, str], ...], number: str) -> str:
    """The literal signs of a section around the number in it."""
    out = []
    placed = False
    for kind, text in tokens:
        if kind in ("digits", "general") or (kind == "other" and text == "@"):
            if not placed:
                out.append(number)
            placed = True
        elif kind in ("literal", "currency", "other"):
            out.append(text)
    return visible("".join(out)).strip() if out else number


@lru_cache(maxsize=512)
def _tokens(section: str) -> _Tokens:
    tokens = []
    dated = False
    for match in _TOKEN.finditer(section):
        kind = match.lastgroup or ""
        text = match[kind] if kind else ""
        if kind in ("quoted", "escaped"):
            kind = "literal"
        elif kind == "bracket":
            dated = dated or bool(_ELAPSED.fullmatch(match[0]))
        elif kind in ("date", "half"):
            dated = True
        if kind:
            tokens.append((kind, text))
    return _Tokens(tuple(tokens), dated)


def _moment(value: datetime.date | datetime.time | datetime.timedelta, code: str) -> str:
    section = _split(code)[0]
    tokens = _tokens(section).kinds
    units = [text.lower() for kind, text in tokens if kind == "date"]
    seconds = any(unit.startswith("s") for unit in units)
    if isinstance(value, datetime.timedelta):
        return _elapsed(value, seconds)
    if isinstance(value, datetime.time):
        return value.isoformat("seconds" if seconds or value.second else "minutes")
    iso = stored(value)
    if isinstance(value, datetime.datetime) and value.time() != datetime.time():
        iso = value.replace(microsecond=0).isoformat(" ", "seconds" if seconds or value.second else "minutes")
    if not any(unit.startswith("mmm") for unit in units):
        return iso
    day = _named(value, tokens)
    return f"{day} ({iso})" if day else iso


def _named(day: datetime.date, tokens: tuple[tuple[str, str], ...]) -> str:
    """A date as a code with the month's name shows it; its time is in the ISO form."""
    out = []
    for kind, text in tokens:
        unit = text.lower()
        if kind == "date" and unit[0] == "y":
            out.append(f"{day.year:04d}" if len(unit) > 2 else f"{day.year % 100:02d}")
        elif kind == "date" and unit[0] == "m" and len(unit) > 2:
            out.append(_MONTHS[day.month - 1] if len(unit) == 4 else _MONTHS[day.month - 1][:3])
        elif kind == "date" and unit[0] == "d":
            name = _DAYS[day.weekday()]
            out.append({1: str(day.day), 2: f"{day.day:02d}", 3: name[:3]}.get(len(unit), name))
        elif kind == "date" and unit[0] in "hs":
            break
        elif kind in ("literal", "other"):
            out.append(text)
    return visible("".join(out)).strip(" ,-/@")


def _elapsed(value: datetime.timedelta, seconds: bool) -> str:
    total = round(value.total_seconds())
    sign, total = ("-", -total) if total < 0 else ("", total)
    text = f"{sign}{total // 3600}:{total // 60 % 60:02d}"
    return f"{text}:{total % 60:02d}" if seconds else text


def from_serial(value: float, code: str, date1904: bool = False) -> Any:
    """A stored number as the date, time or duration that its format makes of it; itself where none."""
    if not is_date(code):
        return value
    try:
        if _ELAPSED.search(_split(code)[0]):
            return datetime.timedelta(seconds=round(value * 86_400))
        if 0 <= value < 1:
            seconds = round(value * 86_400) % 86_400
            return (datetime.datetime.min + datetime.timedelta(seconds=seconds)).time()
        # Excel counts a 29 February 1900 that was none.
        epoch = datetime.datetime(1904, 1, 1) if date1904 else datetime.datetime(1899, 12, 30)
        early = datetime.timedelta(days=1) if not date1904 and value < 60 else datetime.timedelta()
        return epoch + early + datetime.timedelta(seconds=round(value * 86_400))
    except (OverflowError, ValueError, InvalidOperation):
        return value
