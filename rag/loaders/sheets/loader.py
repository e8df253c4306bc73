"""XLSX, XLSB, XLS, ODS: each sheet with content is a page: its name as heading, its cells as pipe tables.

Values of XLSX and XLSB come from calamine, which is fast and knows no number formats: those of an XLSX are
read beside it (`xlsx.py`). ODS keeps what it shows (`ods.py`), and XLS of any age is xlrd's (`xls.py`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from rag.errors import LoadError
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.office import core_properties
from rag.loaders.guard.xml import parse_xml, texts
from rag.loaders.metadata import one_line, present, sensible_title
from rag.loaders.number_formats import from_serial, shown
from rag.loaders.pdf.pages import Pages
from rag.loaders.result import Loaded
from rag.loaders.sniff import sniff
from rag.types import Document

from . import ods, xls, xlsb, xlsx
from .layout import Sheet, sheet_markdown
from .unseen import blank_cell, cell_text, strike_out

_MACROS = re.compile(rb"\bType=[\"'][^\"'<>]*/xl(?:Intl)?Macrosheet[\"']", re.IGNORECASE)
_DIALOG = b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/dialogsheet"'
_BIFF = (b"\xd0\xcf\x11\xe0", b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document, `text/markdown`. Hidden sheets are left out, which is a problem each."""
    title = ""
    metadata: dict[str, str] = {}
    if data.startswith(b"PK"):
        with Archive(data, ".xlsx", limits) as archive:
            title, metadata = _properties(archive, limits)
            if ods.CONTENT in archive:
                sheets = ods.sheets(archive, limits)
            else:
                xlsb.check_extent(archive, limits)
                data = archive.repacked(_without_macros(archive))
                sheets = _calamine(data, xlsx.extras(archive, limits), limits)
            pages, problems = _pages(sheets, limits)
    elif data.startswith(_BIFF):
        pages, problems = _pages(xls.sheets(data, limits), limits)
    else:
        raise LoadError(f"no spreadsheet, but a {sniff(data) or '.txt'} file under another name; rename it")
    document = Document.make(
        pages.text, source, title=title, metadata=metadata, pages=pages.starts, media_type="text/markdown"
    )
    return Loaded([document], problems)


def _pages(sheets: Iterator[Sheet], limits: Limits) -> tuple[Pages, list[str]]:
    pages = Pages()
    problems: list[str] = []
    for sheet in sheets:
        if sheet.hidden:
            problems.append(f"sheet {sheet.name!r} is hidden and was left out")
            continue
        sheet.take_out_hidden()
        problems += [f"sheet {sheet.name!r}: {'; '.join(sheet.problems)}"] if sheet.problems else []
        table = sheet_markdown(sheet.rows, sheet.spans)
        text = "\n\n".join(part for part in (table, *sheet.blocks) if part)
        if text:
            pages.add(f"# {one_line(visible(sheet.name))}\n\n{text}")
            limits.check("max_chars", pages.starts[-1] + len(text), "characters of text")
    return pages, problems


def _without_macros(archive: Archive) -> dict[str, bytes]:
    """The relations of the workbook, sheets of macros as of a kind that calamine knows and passes over."""
    names = (f"xl/_rels/workbook.{kind}.rels" for kind in ("xml", "bin"))
    written = {name: archive.read(name) for name in names if name in archive}
    return {
        name: _MACROS.sub(_DIALOG, data) for name, data in written.items() if b"acrosheet" in data.lower()
    }


def _calamine(data: bytes, extras: dict[str, xlsx.Extras], limits: Limits) -> Iterator[Sheet]:
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
                extra = extras.get(sheet.name) or xlsx.Extras(Sheet(sheet.name))
                extra.sheet.hidden = sheet.visible != SheetVisibleEnum.Visible
                if sheet.typ == SheetTypeEnum.WorkSheet:
                    if not extra.sheet.hidden:
                        _fill(book, extra, limits)
                elif sheet.typ != SheetTypeEnum.ChartSheet:
                    extra.sheet.problems.append("macros or a dialog, and was left out")
                yield extra.sheet
    except LoadError:
        raise
    except PasswordError as error:
        raise LoadError("password-protected: remove the password first") from error
    except (CalamineError, OSError, ValueError) as error:
        raise xls.broken(error) from error
    except BaseException as error:
        # A panic of the parser, which is written in Rust, is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise xls.broken(error) from error


def _fill(book: Any, extra: xlsx.Extras, limits: Limits) -> None:
    """Reads the values of a sheet, as their formats show them, into `extra.sheet`."""
    read, rows = book.get_sheet_by_name(extra.sheet.name), extra.sheet.rows
    limits.check("max_cells", read.height * read.width, f"cells in sheet {extra.sheet.name!r}")
    left = (read.start or (0, 0))[1]  # rows come from the sheet's first one, cells from the first one used
    codes = extra.codes
    for number, row in enumerate(read.iter_rows()):
        if codes:
            cells = [
                cell_text(from_serial(value, code) if isinstance(value, float) else value, code)
                if (code := codes.get((number, column), ""))
                else shown(value)
                for column, value in enumerate(row, left)
            ]
        else:
            cells = [shown(value) for value in row]
        rows.append([""] * left + cells if left else cells)
    for (row_number, column), text in extra.marked.items():
        if row_number < len(rows) and column < len(rows[row_number]):
            rows[row_number][column] = text
    strike_out(rows, extra.struck - extra.marked.keys())
    for (row_number, column), error in extra.errors.items():
        if row_number < len(rows) and column < len(rows[row_number]) and not rows[row_number][column]:
            rows[row_number][column] = error
    for (row_number, column), why in extra.unseen.items():
        blank_cell(rows, row_number, column, why)
    ranges = read.merged_cell_ranges or ()
    extra.sheet.spans = [(first[0], first[1], last[0], last[1]) for first, last in ranges]


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
