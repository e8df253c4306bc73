"""A text as lines that know where they stand."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """One line. `start` is where it begins, `first` its first visible character, `end` behind its last.

    `indent` counts columns (a tab leads to the next multiple of four), `body` is the line stripped.
    """

    start: int
    first: int
    end: int
    indent: int
    body: str


def lines(text: str, start: int = 0, end: int | None = None) -> list[Line]:
    """The lines of text[start:end], offsets counted in `text`. Every Unicode line break ends one."""
    rows = []
    position = start
    for raw in text[start:end].splitlines(keepends=True):
        body = raw.strip()
        lead = len(raw) - len(raw.lstrip()) if body else 0
        indent = len(raw[:lead].expandtabs(4)) if lead and "\t" in raw[:lead] else lead
        first = position + lead
        rows.append(Line(position, first, first + len(body), indent, body))
        position += len(raw)
    return rows


def strip(text: str, start: int, end: int) -> tuple[int, int]:
    """text[start:end] without surrounding whitespace, as offsets; equal ones where nothing is left."""
    piece = text[start:end]
    shorter = piece.lstrip()
    start += len(piece) - len(shorter)
    return start, start + len(shorter.rstrip())


def json_lines(text: str) -> list[str]:
    """The lines of a file of JSON lines: they end at line feeds alone.

    Other separators of lines, such as U+2028 and U+0085, stand within the strings of JSON as they are.
    """
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []
