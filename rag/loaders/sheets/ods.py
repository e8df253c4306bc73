"""ODS: the cells as they are shown, which the format keeps beside their values; notes and text boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.errors import LoadError
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.xml import attribute, local, parse_xml
from rag.loaders.number_formats import stored

from .layout import Rows, Span

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CONTENT = "content.xml"
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]+)?$")
_NAMED_MONTH = re.compile(r"[^\W\d_]{3}")


@dataclass(slots=True)
class Sheet:
    """One sheet: its rows of texts, its merged ranges, and what stands beside the cells."""

    name: str
    hidden: bool = False
    rows: Rows = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    uncached: int = 0


def sheets(archive: Archive, limits: Limits) -> Iterator[Sheet]:
    """The sheets in their order. Raises LoadError for one whose used range is huge."""
    root = parse_xml(archive.read(CONTENT), CONTENT, limits)
    unseen = {
        attribute(style, "name")
        for style in root.iter()
        if local(style) == "style"
        for each in style
        if local(each) == "table-properties" and attribute(each, "display") == "false"
    }
    for table in root.iter():
        if local(table) == "table" and attribute(table, "name"):
            sheet = Sheet(attribute(table, "name"), attribute(table, "style-name") in unseen)
            if not sheet.hidden:
                _fill(sheet, table, limits)
            yield sheet


def _fill(sheet: Sheet, table: Element, limits: Limits) -> None:
    widest = number = 0
    for row in _rows(table):
        cells = _cells(sheet, row, number)
        # The last row of a sheet stands for all the blank ones below it.
        times = _times(row, "number-rows-repeated")
        if not any(cells):
            times = min(times, 1)
        widest = max(widest, len(cells))
        number += times
        limits.check("max_cells", widest * number, f"cells in sheet {sheet.name!r}")
        sheet.rows += [list(cells) for _ in range(times)]
    for each in table:
        if local(each) == "shapes":
            for shape in each:
                if text := _paragraphs(shape):
                    sheet.blocks.append(f"Text box: {' '.join(text.split())}")


def _rows(table: Element) -> Iterator[Element]:
    """The rows, those in groups and heads too, but not of a table within a cell."""
    for each in table:
        name = local(each)
        if name == "table-row":
            yield each
        elif name in ("table-header-rows", "table-row-group", "table-rows"):
            yield from _rows(each)


def _cells(sheet: Sheet, row: Element, number: int) -> list[str]:
    cells: list[str] = []
    pending = 0  # blank cells count only when something stands behind them
    for cell in row:
        if local(cell) not in ("table-cell", "covered-table-cell"):
            continue
        times = _times(cell, "number-columns-repeated")
        text = _shown(sheet, cell)
        if not text and not len(cell):
            pending += times
            continue
        column = len(cells) + pending
        if column + times > 1_000_000:
            raise LoadError(f"a broken file: sheet {sheet.name!r} has a row of {column + times:,} cells")
        cells += [""] * pending + [text] * times
        pending = 0
        down, right = _times(cell, "number-rows-spanned"), _times(cell, "number-columns-spanned")
        if down > 1 or right > 1:
            sheet.spans.append((number, column, number + down - 1, column + right - 1))
        for each in cell:
            if local(each) == "annotation" and (note := _paragraphs(each)):
                sheet.blocks.append(f"Note on {_name(column)}{number + 1}: {' '.join(note.split())}")
            elif local(each) in ("frame", "custom-shape") and (box := _paragraphs(each)):
                sheet.blocks.append(f"Text box: {' '.join(box.split())}")
    return cells


def _shown(sheet: Sheet, cell: Element) -> str:
    """The text of a cell; a date as ISO 8601, beside its text where that names the month."""
    lines = [visible("".join(_text(each))) for each in cell if local(each) == "p"]
    text = "\n".join(lines)
    value = attribute(cell, "date-value")
    if value and _DATE.match(value):
        iso = value.removesuffix("T00:00:00").replace("T", " ")
        return f"{text} ({iso})" if _NAMED_MONTH.search(text) else iso
    if not text and attribute(cell, "formula") and not attribute(cell, "value-type"):
        sheet.uncached += 1
    if not text and (number := attribute(cell, "value")):
        try:
            return stored(float(number))
        except ValueError:
            return number
    return text


def _paragraphs(element: Element) -> str:
    return " ".join(visible("".join(_text(each))) for each in element.iter() if local(each) in ("p", "h"))


def _text(element: Element) -> Iterator[str]:
    if local(element) in ("annotation", "frame", "custom-shape"):
        return
    if local(element) == "s":
        count = attribute(element, "c")
        yield " " * (min(int(count), 100) if count.isdecimal() else 1)
    elif local(element) in ("tab", "line-break"):
        yield " "
    yield element.text or ""
    for child in element:
        yield from _text(child)
        yield child.tail or ""


def _times(element: Element, name: str) -> int:
    value = attribute(element, name)
    return max(int(value), 1) if value.isdecimal() and len(value) < 9 else 1


def _name(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
