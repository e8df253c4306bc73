"""XLSX, XLSB, XLS, ODS: each sheet with content is a page: its name as heading, its cells as a pipe table."""

from __future__ import annotations

import datetime
import io
import re
from typing import Any

from rag.errors import LoadError
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.office import core_properties
from rag.loaders.guard.xml import parse_xml, texts
from rag.loaders.metadata import present, sensible_title
from rag.loaders.pdf.pages import Pages
from rag.loaders.pipes import pipe_table
from rag.loaders.result import Loaded
from rag.types import Document

_CELL = re.compile(rb"<(?:\w+:)?c [^<>]*?\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)\b")
_REPEATED = re.compile(rb"number-(?:columns|rows)-repeated=[\"']([0-9]+)[\"']")


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document, `text/markdown`. Hidden sheets are left out, which is a problem each."""
    title, unpacked = "", data
    metadata: dict[str, str] = {}
    if data.startswith(b"PK"):
        with Archive(data, ".xlsx", limits) as archive:
            title, metadata = _properties(archive, limits)
            _check_extents(archive, limits)
            unpacked = archive.repacked()
    pages, problems = _pages(unpacked, limits)
    document = Document.make(
        pages.text, source, title=title, metadata=metadata, pages=pages.starts, media_type="text/markdown"
    )
    return Loaded([document], problems)


def _pages(data: bytes, limits: Limits) -> tuple[Pages, list[str]]:
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    pages = Pages()
    problems: list[str] = []
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            limits.check("max_pages", len(book.sheet_names), "sheets")
            for sheet in book.sheets_metadata:
                if sheet.typ != SheetTypeEnum.WorkSheet:
                    continue
                if sheet.visible != SheetVisibleEnum.Visible:
                    problems.append(f"sheet {sheet.name!r} is hidden and was left out")
                elif table := _table(book, sheet.name, limits):
                    pages.add(f"# {_one_line(sheet.name)}\n\n{table}")
                    limits.check("max_chars", pages.starts[-1] + len(table), "characters of text")
    except PasswordError as error:
        raise LoadError("password-protected: remove the password first") from error
    except (CalamineError, OSError, ValueError) as error:
        raise LoadError(
            f"a broken or password-protected spreadsheet ({error}); save it anew without a password"
        ) from error
    return pages, problems


def _table(book: Any, name: str, limits: Limits) -> str:
    sheet = book.get_sheet_by_name(name)
    limits.check("max_cells", sheet.height * sheet.width, f"cells in sheet {name!r}")
    return pipe_table([[cell_text(value) for value in row] for row in sheet.iter_rows()])


def cell_text(value: Any) -> str:
    """A cell's value as text: whole numbers without `.0`, dates as ISO 8601, truth as TRUE and FALSE."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return visible(str(value))


def _one_line(name: str) -> str:
    return " ".join(visible(name).split())


def _properties(archive: Archive, limits: Limits) -> tuple[str, dict[str, str]]:
    if "meta.xml" not in archive:
        return core_properties(archive, limits)
    for group in parse_xml(archive.read("meta.xml"), "meta.xml", limits):
        found = texts(group)
        return sensible_title(found.get("title", "")), present(
            author=found.get("creator", "") or found.get("initial-creator", ""),
            created=found.get("creation-date", ""),
            modified=found.get("date", ""),
            language=found.get("language", ""),
        )
    return "", {}


def _check_extents(archive: Archive, limits: Limits) -> None:
    """Refuses sheets whose used range is huge: the parser keeps every cell of it, empty ones too."""
    for name in archive.names():
        if not name.endswith(".xml"):
            continue
        part = archive.read(name)
        if _DECLARED.search(part):
            raise LoadError(f"refused: {name} declares XML entities, which can be made to do harm")
        if name.startswith("xl/worksheets/"):
            rows = columns = 0
            for column, row in _CELL.findall(part):
                rows, columns = max(rows, int(row)), max(columns, _column(column))
            limits.check("max_cells", rows * columns, f"cells in {name}")


def _column(letters: bytes) -> int:
    """`A` → 1, `Z` → 26, `AA` → 27."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
