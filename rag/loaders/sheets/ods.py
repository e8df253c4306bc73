"""ODS: the cells as they are shown, which the format keeps beside their values; notes and text boxes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import LoadError
from rag.loaders.drawing import captioned
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.hidden import note_hidden
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.seen import BLACK, WHITE, from_hex
from rag.loaders.guard.xml import attribute, local, parse_xml
from rag.loaders.number_formats import stored
from rag.loaders.objects import picture
from rag.loaders.raised import LOWERED, RAISED, STRUCK, set_off

from .layout import Sheet, column_name
from .unseen import why_unseen
from .xlsx import without_value

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CONTENT = "content.xml"
STYLES = "styles.xml"
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]+)?$")
_POINTS = re.compile(r"\d{1,4}(?:\.\d{1,4})?pt")
_DEEPEST = 20  # styles that a style may be based on
_ROW_GROUPS = ("table-header-rows", "table-row-group", "table-rows")
_COLUMN_GROUPS = ("table-header-columns", "table-column-group", "table-columns")
_DRAWN = frozenset(
    ("frame", "custom-shape", "rect", "ellipse", "circle", "line", "polyline", "polygon", "path", "caption",
     "connector", "g", "a")
)  # fmt: skip
_NAMED_MONTH = re.compile(r"[^\W\d_]{3}")


@dataclass(slots=True)
class _Book:
    """What the sheets of a file share: its parts, its styles by name, and what nobody sees of each style."""

    archive: Archive
    limits: Limits
    styles: dict[str, Element]
    unseen: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    looks: bool = False  # whether the sheet being read has letters that nobody sees

    @property
    def hides(self) -> bool:
        """Whether any style has letters that nobody sees."""
        return any(map(self.why, self.styles))

    def why(self, style: str) -> str:
        """Why nobody sees the letters of a cell of a style; `` where they show."""
        if style not in self.unseen:
            ink = self._of(style, "text-properties", "color")
            paper = self._of(style, "table-cell-properties", "background-color")
            size = self._of(style, "text-properties", "font-size")
            why = why_unseen(
                BLACK if ink is None else from_hex(ink.removeprefix("#")),
                WHITE if paper in (None, "transparent") else from_hex((paper or "").removeprefix("#")),
                float(size.removesuffix("pt")) if size and _POINTS.fullmatch(size) else 0.0,
            )
            self.unseen[style] = "" if self._is_conditional(style) else why
        return self.unseen[style]

    def _chain(self, style: str) -> Iterator[Element]:
        for _ in range(_DEEPEST):
            if (element := self.styles.get(style)) is None:
                return
            yield element
            style = attribute(element, "parent-style-name")

    def _of(self, style: str, group: str, name: str) -> str | None:
        for element in self._chain(style):
            for each in element:
                if local(each) == group and (value := attribute(each, name)):
                    automatic = name == "color" and attribute(each, "use-window-font-color") == "true"
                    return None if automatic else value
        return None

    def kind(self, style: str) -> str:
        """RAISED, LOWERED or STRUCK by the style of a span or a cell; `` for others."""
        if style not in self.kinds:
            self.kinds[style] = self._kind(style) if style else ""
        return self.kinds[style]

    def _kind(self, style: str) -> str:
        place = (self._of(style, "text-properties", "text-position") or "").partition(" ")[0]
        if place.startswith("-") or place == "sub":
            return LOWERED
        if place and place.strip("0%."):
            return RAISED
        lines = (
            self._of(style, "text-properties", f"text-line-through-{name}") for name in ("style", "type")
        )
        return STRUCK if any(line not in (None, "none") for line in lines) else ""

    def _is_conditional(self, style: str) -> bool:
        return any(local(each) == "map" for element in self._chain(style) for each in element)


def sheets(archive: Archive, limits: Limits) -> Iterator[Sheet]:
    """The sheets in their order. Raises LoadError for one whose used range is huge."""
    root = parse_xml(archive.read(CONTENT), CONTENT, limits)
    parts = [root, *(parse_xml(archive.read(name), name, limits) for name in (STYLES,) if name in archive)]
    styles = {
        attribute(each, "name"): each for part in parts for each in part.iter() if local(each) == "style"
    }
    book = _Book(archive, limits, styles)
    tables = (each for each in root.iter() if local(each) == "table" and attribute(each, "name"))
    for number, table in enumerate(tables, 1):
        limits.check("max_pages", number, "sheets")
        sheet = Sheet(attribute(table, "name"), _is_hidden(styles.get(attribute(table, "style-name"))))
        if not sheet.hidden:
            _fill(sheet, table, book)
        yield sheet


def _is_hidden(style: Element | None) -> bool:
    return style is not None and any(
        local(each) == "table-properties" and attribute(each, "display") == "false" for each in style
    )


def _fill(sheet: Sheet, table: Element, book: _Book) -> None:
    # What lies behind the letters is not known where conditions paint cells.
    book.looks = book.hides and all(local(each) != "conditional-formats" for each in table)
    columns = _columns(sheet, table)
    widest = number = uncached = 0
    for row, folds in _rows(table):
        cells = _cells(sheet, row, number, book, columns)
        uncached += cells.uncached
        # The last row of a sheet stands for all the blank ones below it.
        times = _times(row, "number-rows-repeated")
        if not any(cells.texts):
            times = min(times, 1)
        if attribute(row, "visibility") == "collapse" and not folds:
            sheet.hidden_rows.update(range(number, number + times))
        widest = max(widest, len(cells.texts))
        number += times
        book.limits.check("max_cells", widest * number, f"cells in sheet {sheet.name!r}")
        sheet.rows += [list(cells.texts) for _ in range(times)]
    for each in table:
        if local(each) == "shapes":
            for shape in each:
                sheet.blocks += _drawn(shape, book)
    sheet.problems += [without_value(uncached)] if uncached else []


def _columns(sheet: Sheet, table: Element) -> list[tuple[int, str]]:
    """The columns as (one behind the last, default style of their cells); hidden ones go to the sheet."""
    columns: list[tuple[int, str]] = []
    for each, folds in _parts(table, "table-column", _COLUMN_GROUPS):
        first = columns[-1][0] if columns else 0
        columns.append(
            (first + _times(each, "number-columns-repeated"), attribute(each, "default-cell-style-name"))
        )
        if attribute(each, "visibility") == "collapse" and not folds:
            sheet.hidden_columns.append((first, columns[-1][0] - 1))
    return columns


def _rows(table: Element) -> Iterator[tuple[Element, bool]]:
    """The rows, those in groups and heads too, and whether a group folds each; none of a table in a cell."""
    return _parts(table, "table-row", _ROW_GROUPS)


def _parts(
    table: Element, wanted: str, groups: tuple[str, ...], folds: bool = False
) -> Iterator[tuple[Element, bool]]:
    for each in table:
        name = local(each)
        if name == wanted:
            yield each, folds
        elif name in groups:
            yield from _parts(each, wanted, groups, folds or name.endswith("-group"))


class _Cells(NamedTuple):
    texts: list[str]
    uncached: int


def _cells(sheet: Sheet, row: Element, number: int, book: _Book, columns: list[tuple[int, str]]) -> _Cells:
    """The texts of a row; cells that nobody sees are blank."""
    cells: list[str] = []
    pending = uncached = 0  # blank cells count only when something stands behind them
    of_row = attribute(row, "default-cell-style-name")
    for cell in row:
        if local(cell) not in ("table-cell", "covered-table-cell"):
            continue
        times = _times(cell, "number-columns-repeated")
        text, missing = _shown(cell, book)
        uncached += missing
        column = len(cells) + pending
        if text:
            given = attribute(cell, "style-name") or of_row
            style = given or next((name for end, name in columns if column < end), "")
            if book.looks and (why := book.why(style)):
                note_hidden(f"characters of text ({why})", len(text) * times)
                text = ""
            elif book.kind(style) == STRUCK and "~~" not in text:
                text = f"~~{text}~~"
        if not text and not len(cell):
            pending += times
            continue
        if column + times > 1_000_000:
            raise LoadError(f"a broken file: sheet {sheet.name!r} has a row of {column + times:,} cells")
        cells += [""] * pending + [text] * times
        pending = 0
        down, right = _times(cell, "number-rows-spanned"), _times(cell, "number-columns-spanned")
        if down > 1 or right > 1:
            sheet.spans.append((number, column, number + down - 1, column + right - 1))
        for each in cell:
            if local(each) == "annotation" and (note := _paragraphs(each, book)):
                sheet.blocks.append(f"Note on {column_name(column)}{number + 1}: {' '.join(note.split())}")
            elif local(each) in _DRAWN:
                sheet.blocks += _drawn(each, book)
    return _Cells(cells, uncached)


def _drawn(shape: Element, book: _Book) -> list[str]:
    """A text box, the titles of a chart, what stands for a picture; those in a group one by one."""
    if local(shape) in ("g", "a"):
        return [block for each in shape for block in _drawn(each, book)]
    if local(shape) not in _DRAWN:
        return []
    for each in shape:
        target = posixpath.join(posixpath.normpath(attribute(each, "href")), CONTENT)
        if local(each) == "object" and target in book.archive:
            return _chart(parse_xml(book.archive.read(target), target, book.limits))
    if text := " ".join(_paragraphs(shape, book).split()):
        return [f"Text box: {text}"]
    if any(local(each) == "image" for each in shape):
        said = {local(each): each.text or "" for each in shape if local(each) in ("title", "desc")}
        return picture(said.get("desc", "") or said.get("title", ""))
    return []


def _chart(root: Element) -> list[str]:
    chart = next((each for each in root.iter() if local(each) == "chart" and attribute(each, "class")), None)
    if chart is None:
        return []  # an equation, or another document
    titles = {
        name: [" ".join(_paragraphs(each).split()) for each in parts if local(each) == "title"]
        for name, parts in (
            ("chart", list(chart)),
            ("axes", [each for axis in chart.iter() if local(axis) == "axis" for each in axis]),
        )
    }
    return captioned(next(iter(titles["chart"]), ""), [each for each in titles["axes"] if each])


def _shown(cell: Element, book: _Book) -> tuple[str, bool]:
    """The text of a cell, a date as ISO 8601, beside its text where that names the month.

    Whether it is blank because no program has computed its formula.
    """
    lines = [visible(set_off(_text(each, book))) for each in cell if local(each) == "p"]
    text = "\n".join(lines)
    value = attribute(cell, "date-value")
    if value and _DATE.match(value):
        iso = value.removesuffix("T00:00:00").replace("T", " ")
        return (f"{text} ({iso})" if _NAMED_MONTH.search(text) else iso), False
    missing = not text and bool(attribute(cell, "formula")) and not attribute(cell, "value-type")
    if not text and (number := attribute(cell, "value")):
        try:
            return stored(float(number)), missing
        except ValueError:
            return number, missing
    return text, missing


def _paragraphs(element: Element, book: _Book | None = None) -> str:
    parts = (each for each in element.iter() if local(each) in ("p", "h"))
    return " ".join(visible(set_off(_text(each, book))) for each in parts)


def _text(element: Element, book: _Book | None, kind: str = "") -> Iterator[tuple[str, str]]:
    """The pieces of a paragraph, with what the styles of their spans make of them."""
    if local(element) == "annotation" or local(element) in _DRAWN:
        return
    if local(element) == "s":
        count = attribute(element, "c")
        yield " " * (min(int(count), 100) if count.isdecimal() else 1), kind
    elif local(element) in ("tab", "line-break"):
        yield " ", kind
    elif local(element) == "span" and book is not None:
        kind = book.kind(attribute(element, "style-name")) or kind
    yield element.text or "", kind
    for child in element:
        yield from _text(child, book, kind)
        yield child.tail or "", kind


def _times(element: Element, name: str) -> int:
    value = attribute(element, name)
    return max(int(value), 1) if value.isdecimal() and len(value) < 9 else 1
