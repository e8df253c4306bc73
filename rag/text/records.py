"""Records as rows: the objects of a JSON list, and of JSON lines.

A record has names for its values, and nothing within it that has names: `{"id": "T-3", "open": true}`.
What stands behind a name (`"server": {"port": 80, "tls": false}`) is a group of settings and no record.
"""

from __future__ import annotations

import re

from rag.text.lines import strip
from rag.text.tables import Cell, Row

_STRING = r'"(?:[^"\\\n]|\\.)*+"'
_PLAIN = rf"(?:{_STRING}|[-+.\w]++)"
_LIST = rf"\[\s*+(?:{_PLAIN}\s*+,?\s*+)*+\]"
_FIELD = rf"({_STRING})\s*+:\s*+({_PLAIN}|{_LIST})"
_RECORD = re.compile(rf"\{{\s*+{_FIELD}(?:\s*+,\s*+{_FIELD})++\s*+\}}")
_FIELDS = re.compile(_FIELD)
_EMPTY = ("null", '""', "[]")


def records(text: str) -> list[Row]:
    """The records of a JSON text, also of a piece of one; a list of plain values is one cell."""
    found = []
    for match in _RECORD.finditer(text):
        if _is_named(text, match.start()):
            continue
        fields = list(_FIELDS.finditer(text, *match.span()))
        cells = [_cell(text, field) for field in fields if field[2] not in _EMPTY]
        if cells:
            found.append(Row(*match.span(), tuple(cells), tuple(_name(field) for field in fields)))
    return found


def _is_named(text: str, at: int) -> bool:
    while at and text[at - 1].isspace():
        at -= 1
    return at > 0 and text[at - 1] == ":"


def _name(field: re.Match[str]) -> str:
    return field[1][1:-1].replace("_", " ")


def _cell(text: str, field: re.Match[str]) -> Cell:
    """A value without its quotes, or the brackets of its list."""
    start, end = field.span(2)
    if text[start] in '"[':
        start, end = strip(text, start + 1, end - 1)
    return Cell(start, end, _name(field), text[start:end])
