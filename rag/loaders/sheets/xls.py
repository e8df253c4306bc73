"""XLS of every version from Excel 2 on, by xlrd: values under their number formats, and notes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from rag.errors import LoadError
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.seen import BLACK, WHITE
from rag.loaders.metadata import one_line
from rag.loaders.number_formats import from_serial
from rag.loaders.raised import LOWERED, RAISED, STRUCK, set_off

from .layout import Sheet
from .unseen import blank_cell, cell_text, strike_out, why_unseen

_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_AUTOMATIC = 0x7FFF
_FILTER = "_FilterDatabase"  # the range that a sheet filters
_PASSWORD = re.compile(r"encrypt|password", re.IGNORECASE)


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
        raise broken(error) from error
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
            _take_out_unseen(book, sheet, read)
        yield read


def broken(error: BaseException) -> LoadError:
    """What a parser says of a file is told; what it stumbles over, such as an index, is not."""
    said = one_line(str(error))[:200] if type(error).__name__ in ("CalamineError", "XLRDError") else ""
    why = f" ({said})" if said else ""
    return LoadError(f"a broken or password-protected spreadsheet{why}; save it anew without a password")


def _take_out_unseen(book: Any, sheet: Any, read: Sheet) -> None:
    """Blanks cells that nobody sees, marks those struck out; names rows and columns hidden, unless folded."""
    filtered = any(each.scope == sheet.number and each.name == _FILTER for each in book.name_obj_list)
    read.hidden_rows = {
        number
        for number, row in sheet.rowinfo_map.items()
        if row.hidden and not row.outline_level and not filtered
    }
    read.hidden_columns = [
        (number, number)
        for number, column in sheet.colinfo_map.items()
        if column.hidden and not column.outline_level and number < sheet.ncols
    ]
    struck = {number for number, style in enumerate(book.xf_list) if _strikes(book, style.font_index)}
    for row in range(sheet.nrows) if struck else ():
        cells = {
            (row, column)
            for column in range(sheet.row_len(row))
            if sheet.cell_xf_index(row, column) in struck
        }
        strike_out(read.rows, cells - sheet.rich_text_runlist_map.keys())
    unseen = {number: why for number, style in enumerate(book.xf_list) if (why := _unseen(book, style))}
    for row in range(sheet.nrows) if unseen else ():
        for column in range(sheet.row_len(row)):
            if why := unseen.get(sheet.cell_xf_index(row, column), ""):
                blank_cell(read.rows, row, column, why)


def _strikes(book: Any, font: int) -> bool:
    return 0 <= font < len(book.font_list) and bool(book.font_list[font].struck_out)


def _unseen(book: Any, style: Any) -> str:
    """Why nobody sees what a cell of a style holds; `` where it shows."""
    if not 0 <= style.font_index < len(book.font_list):
        return ""
    font, background = book.font_list[style.font_index], style.background
    ink = BLACK if font.colour_index == _AUTOMATIC else book.colour_map.get(font.colour_index)
    paper = WHITE if not background.fill_pattern else None
    if background.fill_pattern == 1:  # solid
        paper = book.colour_map.get(background.pattern_colour_index)
    return why_unseen(ink, paper, font.height / 20)


def _text(book: Any, sheet: Any, row: int, column: int) -> str:
    kind, value = sheet.cell_type(row, column), sheet.cell_value(row, column)
    if kind == 1:
        runs = sheet.rich_text_runlist_map.get((row, column))
        return _rich(book, str(value), runs) or cell_text(str(value), _code(book, sheet, row, column))
    if kind in (2, 3):
        code = _code(book, sheet, row, column)
        return cell_text(from_serial(float(value), code, bool(book.datemode)), code)
    if kind == 4:
        return cell_text(bool(value), _code(book, sheet, row, column))
    return _ERRORS.get(value, "#N/A") if kind == 5 else ""


def _rich(book: Any, value: str, runs: list[tuple[int, int]] | None) -> str:
    """A text whose runs, (first character, font), raise, lower or strike it out; `` for others."""
    starts = [(0, -1), *(runs or ())]
    ends = [start for start, _ in starts[1:]] + [len(value)]
    pieces = [(value[start:end], _kind(book, font)) for (start, font), end in zip(starts, ends, strict=True)]
    return visible(set_off(pieces)) if any(kind for _, kind in pieces) else ""


def _kind(book: Any, font: int) -> str:
    if not 0 <= font < len(book.font_list):
        return ""
    used = book.font_list[font]
    return {1: RAISED, 2: LOWERED}.get(used.escapement, STRUCK if used.struck_out else "")


def _code(book: Any, sheet: Any, row: int, column: int) -> str:
    style = sheet.cell_xf_index(row, column)
    if style is None or not 0 <= style < len(book.xf_list):
        return ""
    number_format = book.format_map.get(book.xf_list[style].format_key)
    return str(number_format.format_str) if number_format else ""


def _notes(sheet: Any) -> Iterator[str]:
    import xlrd

    for (row, column), note in sorted(sheet.cell_note_map.items()):
        said = _rich(sheet.book, note.text, note.rich_text_runlist) or visible(str(note.text))
        if text := " ".join(said.split()):
            yield f"Note on {xlrd.formula.cellname(row, column)}: {text}"
