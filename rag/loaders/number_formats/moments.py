"""Dates, times and durations under a format code: ISO 8601, beside the names of months and days in it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from rag.loaders.guard.invisible import visible

from .codes import Section, is_date, section_of, sections
from .month_names import names_of

_DAY = datetime.timedelta(days=1)
_SECOND = datetime.timedelta(seconds=1)
_DURATIONS_END = datetime.timedelta(days=366)  # what lies before 1901 and shows its time alone is a duration
# Excel counts a 29 February 1900 that was none.
_EPOCH, _EARLY_EPOCH = datetime.datetime(1899, 12, 30), datetime.datetime(1899, 12, 31)
_FIRST_OF_MARCH = datetime.datetime(1900, 3, 1)
_MAC_EPOCH = datetime.datetime(1904, 1, 1)


def moment(value: datetime.date | datetime.time | datetime.timedelta, code: str) -> str:
    """A date, a time or a duration under a format code."""
    section = section_of(sections(code)[0])
    units = _units(section)
    places = max((len(unit.partition(".")[2]) for unit in units), default=0)
    seconds = any(unit[0] == "s" for unit in units)
    if isinstance(value, datetime.timedelta):
        if any(kind == "elapsed" for kind, _ in section.tokens):
            return _elapsed(value, section, places)
        return _hours(value, seconds, places)
    if isinstance(value, datetime.time):
        if not _has_time(section):  # a date that is none: zero, or a part of a day
            return f"{_since_midnight(value) / _DAY:.10f}".rstrip("0").rstrip(".")
        return _time(value, seconds, places)
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time())
    value = _to_places(value, places)
    if _has_time(section) and not any(_is_day(unit) for unit in units):
        time = _time(value.time(), seconds, places)
        return f"{time} ({_whole(value, seconds, places)})"
    return _with_names(value, _iso(value, seconds, places), section)


def duration(value: datetime.timedelta) -> str:
    """A duration without a format: hours and minutes, seconds where it has any."""
    return _hours(value, bool(value.seconds % 60), 0)


def from_serial(value: float, code: str, date1904: bool = False) -> Any:
    """A stored number as the date, time or duration that its format makes of it; itself where none."""
    if not is_date(code):
        return value
    section = section_of(sections(code)[0])
    try:
        days = datetime.timedelta(days=value)
        if any(kind == "elapsed" for kind, _ in section.tokens):
            return days
        places = max((len(unit.partition(".")[2]) for unit in _units(section)), default=0)
        if 0 <= value < 1:
            return _to_places(datetime.datetime.min + days, places if _has_time(section) else 6).time()
        epoch = _MAC_EPOCH if date1904 else _EARLY_EPOCH if 0 <= value < 60 else _EPOCH
        return _to_places(epoch + days, places)
    except (OverflowError, ValueError):
        return value


def _units(section: Section) -> list[str]:
    return [text.lower() for kind, text in section.tokens if kind in ("date", "elapsed")]


def _has_time(section: Section) -> bool:
    return any(
        kind in ("half", "elapsed") or (kind == "date" and text[0].lower() in "hs")
        for kind, text in section.tokens
    )


def _is_day(unit: str) -> bool:
    """Whether a unit is of a date; `m` and `mm` are minutes beside hours or seconds."""
    return unit[0] in "yde" or unit.startswith("mmm")


def _whole(value: datetime.datetime, seconds: bool, places: int) -> str:
    """What a time that is shown alone belongs to: a day, or a duration of a day and more."""
    passed = value - (_EPOCH if value >= _FIRST_OF_MARCH else _EARLY_EPOCH)
    if datetime.timedelta() <= passed < _DURATIONS_END:
        return _hours(passed, seconds, places)
    return _iso(value, seconds, places)


def _since_midnight(value: datetime.time) -> datetime.timedelta:
    return datetime.datetime.combine(datetime.date.min, value) - datetime.datetime.min


def _to_places(value: datetime.datetime, places: int) -> datetime.datetime:
    """Rounded to whole seconds, or to as many places of them as the format shows, up to six."""
    unit = 10 ** (6 - min(places, 6))
    past = value.microsecond % unit
    return value + datetime.timedelta(microseconds=unit - past if 2 * past >= unit else -past)


def _iso(value: datetime.datetime, seconds: bool, places: int) -> str:
    if value.time() == datetime.time():
        return value.date().isoformat()
    return f"{value.date().isoformat()} {_time(value.time(), seconds, places)}"


def _time(value: datetime.time, seconds: bool, places: int) -> str:
    value = _to_places(datetime.datetime.combine(datetime.date(2, 1, 1), value), places).time()
    text = value.isoformat("seconds" if seconds or value.second else "minutes")
    return f"{text}.{value.microsecond:06d}"[: len(text) + 1 + places] if places else text


def _hours(value: datetime.timedelta, seconds: bool, places: int) -> str:
    """A duration as hours and minutes, seconds where they are asked for."""
    unit = 10 ** min(places, 6)
    sign, parts = ("-" if value < datetime.timedelta() else ""), round(abs(value) / _SECOND * unit)
    total, part = divmod(parts, unit)
    text = f"{sign}{total // 3600}:{total // 60 % 60:02d}"
    if not seconds:
        return text
    return f"{text}:{total % 60:02d}" + (f".{part:0{min(places, 6)}d}" if places else "")


def _elapsed(value: datetime.timedelta, section: Section, places: int) -> str:
    """A duration as its code shows it: `[mm]:ss` is minutes, however many, and seconds."""
    unit = 10 ** min(places, 6)
    total, part = divmod(round(abs(value) / _SECOND * unit), unit)
    counted = {"h": 3600, "m": 60, "s": 1}
    largest = ""
    out = ["-" if value < datetime.timedelta() else ""]
    for kind, text in section.tokens:
        name = text[:1].lower()
        if kind in ("elapsed", "date") and name in counted:
            amount = total // counted[name]
            if kind == "elapsed" and not largest:
                largest = name
            elif name != "h":
                amount %= 60
            width = len(text.partition(".")[0])
            out.append(f"{amount:0{width}d}" + (f".{part:0{min(places, 6)}d}" if "." in text else ""))
        elif kind in ("date", "half"):
            return _hours(value, True, places)  # days beside hours without end
        elif kind in ("literal", "currency", "other", "digits"):
            out.append(text)
    return visible("".join(out)).strip()


def _with_names(day: datetime.date, iso: str, section: Section) -> str:
    """The date in ISO 8601, behind its form with the names of month and day where the sheet shows one."""
    named = _named(day, section) if any(unit.startswith(("mmm", "ddd")) for unit in _units(section)) else ""
    return f"{named} ({iso})" if named else iso


def _named(day: datetime.date, section: Section) -> str:
    """A date as a code with names shows it; its time is in the ISO form. `` in a language not known here."""
    names = names_of(section.locale)
    if names is None:
        return ""
    out: list[str] = []
    for kind, text in section.tokens:
        unit = text.lower()
        if kind == "date" and unit[0] in "hs":
            break
        if kind == "date":
            out.append(_part(day, unit, names.months, names.short_months, names.days, names.short_days))
        elif kind in ("literal", "other", "digits"):
            out.append(text)
    return visible("".join(out)).strip(" ,-/@")


def _part(day: datetime.date, unit: str, *names: Sequence[str]) -> str:
    months, short_months, days, short_days = names
    if unit[0] in "ye":
        return f"{day.year:04d}" if len(unit) > 2 or unit[0] == "e" else f"{day.year % 100:02d}"
    if unit[0] == "m":
        month = day.month - 1
        return {1: str(day.month), 2: f"{day.month:02d}", 3: short_months[month], 5: months[month][0]}.get(
            len(unit), months[month]
        )
    weekday = day.weekday()
    return {1: str(day.day), 2: f"{day.day:02d}", 3: short_days[weekday]}.get(len(unit), days[weekday])
