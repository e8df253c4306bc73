"""XLSX, XLSB, XLS, ODS: each sheet with content is a page: its name as heading, its cells as pipe tables.

Values of XLSX and XLSB come from calamine, which is fast and knows no number formats: those of an XLSX are
read beside it (`xlsx.py`). ODS keeps what it shows (`ods.py`), and XLS of any age is xlrd's (`xls.py`).
"""

from __future__ import annotations

import io
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

from rag.errors import LoadError
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.hidden import note_hidden
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.office import core_properties
from rag.loaders.guard.xml import parse_xml, texts
from rag.loaders.metadata import present, sensible_title
from rag.loaders.number_formats import from_serial, shown
from rag.loaders.pdf.pages import Pages
from rag.loaders.result import Loaded
from rag.loaders.sniff import sniff
from rag.types import Document

from . import ods, xls, xlsx
from .layout import Rows, Span, sheet_markdown

_BIFF = (b"\xd0\xcf\x11\xe0", b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")


_NOTHING = ";;;"  # a number format that shows nothing
_NAMED = 5  # hidden rows and columns that a report names


class _Sheet(NamedTuple):
    name: str
    hidden: bool
    rows: Rows
    spans: list[Span]
    blocks: list[str]
    problem: str = ""


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document, `text/markdown`. Hidden sheets are left out, which is a problem each."""
    title = ""
    metadata: dict[str, str] = {}
    if data.startswith(b"PK"):
        with Archive(data, ".xlsx", limits) as archive:
            title, metadata = _properties(archive, limits)
            if ods.CONTENT in archive:
                sheets: Iterator[_Sheet] = _ods(archive, limits)
            else:
                sheets = _calamine(archive.repacked(), xlsx.extras(archive, limits), limits)
            pages, problems = _pages(sheets, limits)
    elif data.startswith(_BIFF):
        pages, problems = _pages(_xls(data, limits), limits)
    else:
        raise LoadError(f"no spreadsheet, but a {sniff(data) or '.txt'} file under another name; rename it")
    document = Document.make(
        pages.text, source, title=title, metadata=metadata, pages=pages.starts, media_type="text/markdown"
    )
    return Loaded([document], problems)


def _pages(sheets: Iterator[_Sheet], limits: Limits) -> tuple[Pages, list[str]]:
    pages = Pages()
    problems: list[str] = []
    for sheet in sheets:
        if sheet.hidden:
            problems.append(f"sheet {sheet.name!r} is hidden and was left out")
            continue
        if sheet.problem:
            problems.append(f"sheet {sheet.name!r}: {sheet.problem}")
        table = sheet_markdown(sheet.rows, sheet.spans)
        text = "\n\n".join(part for part in (table, *sheet.blocks) if part)
        if text:
            pages.add(f"# {_one_line(sheet.name)}\n\n{text}")
            limits.check("max_chars", pages.starts[-1] + len(text), "characters of text")
    return pages, problems


def _calamine(data: bytes, extras: dict[str, xlsx.Extras], limits: Limits) -> Iterator[_Sheet]:
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            limits.check("max_pages", len(book.sheet_names), "sheets")
            for sheet in book.sheets_metadata:
                if sheet.typ == SheetTypeEnum.WorkSheet:
                    hidden = sheet.visible != SheetVisibleEnum.Visible
                    extra = extras.get(sheet.name, xlsx.Extras())
                    rows, spans = ([], []) if hidden else _values(book, sheet.name, extra, limits)
                    gone = "" if hidden else _without_hidden(rows, spans, extra)
                    problem = "; ".join(filter(None, (extra.uncached, gone)))
                    yield _Sheet(sheet.name, hidden, rows, spans, extra.blocks, problem)
    except LoadError:
        raise
    except PasswordError as error:
        raise LoadError("password-protected: remove the password first") from error
    except (CalamineError, OSError, ValueError) as error:
        raise _broken(error) from error
    except BaseException as error:
        # A panic of the parser, which is written in Rust, is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _broken(error) from error


def _broken(error: BaseException) -> LoadError:
    said = _one_line(str(error))[:200]
    return LoadError(f"a broken or password-protected spreadsheet ({said}); save it anew without a password")


def _values(book: Any, name: str, extra: xlsx.Extras, limits: Limits) -> tuple[Rows, list[Span]]:
    sheet = book.get_sheet_by_name(name)
    limits.check("max_cells", sheet.height * sheet.width, f"cells in sheet {name!r}")
    left = (sheet.start or (0, 0))[1]  # rows come from the sheet's first one, cells from the first one used
    codes = extra.codes
    rows: Rows = []
    for number, row in enumerate(sheet.iter_rows()):
        if codes:
            cells = [
                shown(from_serial(value, code) if isinstance(value, float) else value, code)
                if (code := codes.get((number, column), ""))
                else shown(value)
                for column, value in enumerate(row, left)
            ]
        else:
            cells = [shown(value) for value in row]
        rows.append([""] * left + cells if left else cells)
    for (row_number, column), code in codes.items():
        if code == _NOTHING and row_number < len(rows) and (text := rows[row_number][column]):
            rows[row_number][column] = ""
            note_hidden("characters of text (hidden by format)", len(text))
    for (row_number, column), error in extra.errors.items():
        if row_number < len(rows) and column < len(rows[row_number]) and not rows[row_number][column]:
            rows[row_number][column] = error
    ranges = sheet.merged_cell_ranges or ()
    return rows, [(first[0], first[1], last[0], last[1]) for first, last in ranges]


def _without_hidden(rows: Rows, spans: list[Span], extra: xlsx.Extras) -> str:
    """Blanks the columns and drops the rows that are hidden; a sentence that says which were not blank."""
    gone: list[str] = []
    for first, last in extra.hidden_columns:
        for column in range(first, min(last, max(map(len, rows), default=0) - 1) + 1):
            cells = [row for row in rows if column < len(row) and row[column]]
            for row in cells:
                row[column] = ""
            gone += [f"column {_letters(column)}"] if cells else []
    dropped = [number for number in extra.hidden_rows if number < len(rows)]
    gone += [f"row {number + 1}" for number in dropped if any(rows[number])]
    for number in sorted(dropped, reverse=True):
        del rows[number]
    spans[:] = [
        (top - bisect_left(dropped, top), left, bottom - bisect_right(dropped, bottom), right)
        for top, left, bottom, right in spans
        if bottom - bisect_right(dropped, bottom) >= top - bisect_left(dropped, top)
    ]
    if not gone:
        return ""
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    return f"{', '.join(gone[:_NAMED])}{more} hidden and left out"


def _letters(column: int) -> str:
    """0 → `A`, 26 → `AA`."""
    letters = ""
    while column >= 0:
        letters = chr(65 + column % 26) + letters
        column = column // 26 - 1
    return letters


def _ods(archive: Archive, limits: Limits) -> Iterator[_Sheet]:
    for number, sheet in enumerate(ods.sheets(archive, limits), 1):
        limits.check("max_pages", number, "sheets")
        problem = xlsx.without_value(sheet.uncached) if sheet.uncached else ""
        yield _Sheet(sheet.name, sheet.hidden, sheet.rows, sheet.spans, sheet.blocks, problem)


def _xls(data: bytes, limits: Limits) -> Iterator[_Sheet]:
    for sheet in xls.sheets(data, limits):
        yield _Sheet(sheet.name, sheet.hidden, sheet.rows, sheet.spans, sheet.blocks)


def _one_line(name: str) -> str:
    return " ".join(visible(name).split())


def _properties(archive: Archive, limits: Limits) -> tuple[str, dict[str, str]]:
    if "meta.xml" not in archive:
        return core_properties(archive, limits)
    for group in parse_xml(archive.read("meta.xml"), "meta.xml", limits):
        named = texts(group)
        return sensible_title(named.get("title", "")), present(
            author=named.get("creator", "") or named.get("initial-creator", ""),
            created=named.get("creation-date", ""),
            modified=named.get("date", ""),
            language=named.get("language", ""),
        )
    return "", {}
