"""XLS of every version from Excel 2 on, by xlrd: values under their number formats, and notes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rag.errors import LoadError
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.number_formats import from_serial, shown, stored

from .layout import Rows, Span

_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_PASSWORD = re.compile(r"encrypt|password", re.IGNORECASE)


@dataclass(slots=True)
class Sheet:
    """One sheet: its rows of texts, its merged ranges, and its notes."""

    name: str
    hidden: bool = False
    rows: Rows = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)


def sheets(data: bytes, limits: Limits) -> Iterator[Sheet]:
    """The sheets in their order. Raises LoadError for a file that cannot be read."""
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
    except RecursionError:
        raise
    except Exception as error:  # its parser lets IndexError, struct.error and others through
        if _PASSWORD.search(str(error)):
            raise LoadError("password-protected: remove the password first") from error
        raise LoadError(
            f"a broken or password-protected spreadsheet ({type(error).__name__}: {error}); "
            "save it anew without a password"
        ) from error
    limits.check("max_pages", book.nsheets, "sheets")
    for sheet in book.sheets():
        limits.check("max_cells", sheet.nrows * sheet.ncols, f"cells in sheet {sheet.name!r}")
        read = Sheet(sheet.name, bool(sheet.visibility))
        if not read.hidden:
            read.rows = [
                [_text(book, sheet, row, column) for column in range(sheet.row_len(row))]
                for row in range(sheet.nrows)
            ]
            read.spans = [(top, left, end - 1, right - 1) for top, end, left, right in sheet.merged_cells]
            read.blocks = list(_notes(sheet))
        yield read


def _text(book: Any, sheet: Any, row: int, column: int) -> str:
    kind, value = sheet.cell_type(row, column), sheet.cell_value(row, column)
    if kind == 1:
        return visible(str(value))
    if kind in (2, 3):
        code = _code(book, sheet, row, column)
        return shown(from_serial(float(value), code, bool(book.datemode)), code)
    if kind == 4:
        return stored(bool(value))
    return _ERRORS.get(value, "#N/A") if kind == 5 else ""


def _code(book: Any, sheet: Any, row: int, column: int) -> str:
    style = sheet.cell_xf_index(row, column)
    if style is None or not 0 <= style < len(book.xf_list):
        return ""
    number_format = book.format_map.get(book.xf_list[style].format_key)
    return str(number_format.format_str) if number_format else ""


def _notes(sheet: Any) -> Iterator[str]:
    import xlrd

    for (row, column), note in sorted(sheet.cell_note_map.items()):
        if text := " ".join(visible(str(note.text)).split()):
            yield f"Note on {xlrd.formula.cellname(row, column)}: {text}"
