"""Charts and SmartArt of Office files → Markdown: a chart as its title and a table of its values.

A chart keeps a copy of the values it draws (DrawingML, ECMA-376 part 1, 21.2); SmartArt keeps its texts in a
data part, a point each, with the connections that order them (21.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rag.loaders.guard.archive import Archive
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.office import relations
from rag.loaders.guard.xml import attribute, local, parse_xml
from rag.loaders.number_formats import shown
from rag.loaders.pipes import pipe_table
from rag.loaders.raised import LOWERED, RAISED, STRUCK, set_off

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_STRUCTURE = ("pres", "parTrans", "sibTrans")
_MOST_POINTS = 10_000
_SAYING = ("t", "txbxContent", "tbl", "chart", "relIds")


def graphic_blocks(
    element: Element, archive: Archive, part: str, limits: Limits, *, values: bool = True
) -> list[str]:
    """The Markdown blocks of the charts and diagrams that a frame in `part` points to.

    `values` False leaves a chart at its titles, for a sheet that holds the values anyway.
    """
    targets = relations(archive, part, limits)
    blocks: list[str] = []
    for each in shown_parts(element):
        name = local(each)
        if name == "chart" and (reference := attribute(each, "id")) in targets:
            target = targets[reference][1]
            if target in archive:
                blocks += chart_blocks(parse_xml(archive.read(target), target, limits), values=values)
        elif name == "relIds" and (reference := attribute(each, "dm")) in targets:
            target = targets[reference][1]
            if target in archive:
                blocks += diagram_blocks(parse_xml(archive.read(target), target, limits))
    return blocks


def chart_blocks(root: Element, *, values: bool = True) -> list[str]:
    """`Chart: title`, the titles of its axes, and a table of its categories and values."""
    chart = next((each for each in root.iter() if local(each) == "chart"), root)
    title = next((_title(each) for each in chart if local(each) == "title"), "")
    axes = [
        text
        for axis in chart.iter()
        if local(axis).endswith("Ax") or local(axis) == "axis"
        for each in axis
        if local(each) == "title" and (text := _title(each))
    ]
    series = [_Series(each) for each in chart.iter() if local(each) == "ser"]
    table = pipe_table(_rows(series) or _extended_rows(root)) if values else ""
    if not title and len(series) == 1:
        title = series[0].name  # what the program itself shows above it
    return [*captioned(title, axes, always=bool(table)), *([table] if table else [])]


def captioned(title: str, axes: Sequence[str], *, always: bool = False) -> list[str]:
    """`Chart: title (axis; axis)`; nothing for a chart without titles, unless it is to be named `always`."""
    named = ": ".join(part for part in ("Chart", title) if part) + (f" ({'; '.join(axes)})" if axes else "")
    return [named] if title or axes or always else []


def choice(element: Element) -> Element:
    """The one of alternative contents that is read: the first that says anything, else what comes first."""
    options = [each for each in element if local(each) in ("Choice", "Fallback")]
    for each in options:
        if any(local(inner) in _SAYING for inner in each.iter()):
            return each
    return options[0] if options else element


def shown_parts(root: Element) -> Iterator[Element]:
    """All elements below one, itself too, in their order; of alternative contents the one that is read."""
    stack = [root]
    while stack:
        each = stack.pop()
        yield each
        stack.extend(reversed(choice(each) if local(each) == "AlternateContent" else each))


def diagram_blocks(root: Element) -> list[str]:
    """The texts of a SmartArt graphic as a list, its inner points indented."""
    points = {
        attribute(each, "modelId"): each
        for each in root.iter()
        if local(each) == "pt" and attribute(each, "type") not in _STRUCTURE
    }
    below: dict[str, list[tuple[int, str]]] = {}
    children: set[str] = set()
    for each in root.iter():
        if local(each) == "cxn" and attribute(each, "type") in ("", "parOf"):
            source, target = attribute(each, "srcId"), attribute(each, "destId")
            if source in points and target in points:
                order = attribute(each, "srcOrd")
                below.setdefault(source, []).append((int(order) if order.isdecimal() else 0, target))
                children.add(target)
    lines: list[str] = []
    seen: set[str] = set()
    stack = [(0, name) for name in reversed(points) if name not in children]
    while stack and len(lines) < _MOST_POINTS:
        depth, name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        text = words(points[name])
        if text:
            lines.append("  " * min(depth, 8) + f"- {text}")
        deeper = depth + 1 if text else depth
        stack += [(deeper, child) for _, child in sorted(below.get(name, []), reverse=True)]
    return ["\n".join(lines)] if lines else []


class _Series:
    """A series of a chart: its name, and by place in it the categories and the values as shown."""

    def __init__(self, element: Element) -> None:
        self.name = ""
        self.categories: dict[int, str] = {}
        self.values: dict[int, str] = {}
        for each in element:
            kind = local(each)
            if kind == "tx":
                self.name = words(each) or " ".join(_cached(each).values())
            elif kind in ("cat", "xVal"):
                self.categories = _cached(each)
            elif kind in ("val", "yVal"):
                self.values = _cached(each)


def _rows(series: list[_Series]) -> list[list[str]]:
    drawn = [each for each in series if each.values]
    if not drawn:
        return []
    categories: dict[int, str] = {}
    for each in drawn:
        categories = each.categories if len(each.categories) > len(categories) else categories
    same = all(not each.categories or each.categories == categories for each in drawn)
    if not same:  # points of a scatter plot have their own places
        return [
            ["Series", "X", "Y"],
            *(
                [each.name, each.categories.get(i, ""), value]
                for each in drawn
                for i, value in each.values.items()
            ),
        ]
    places = sorted({i for each in drawn for i in each.values} | set(categories))[:_MOST_POINTS]
    return [
        ["", *(each.name or f"Series {number}" for number, each in enumerate(drawn, 1))],
        *([categories.get(i, str(i + 1)), *(each.values.get(i, "") for each in drawn)] for i in places),
    ]


def _cached(element: Element) -> dict[int, str]:
    """Place → text of the values that a reference keeps a copy of; the levels of a category joined."""
    code = next((each.text or "" for each in element.iter() if local(each) == "formatCode"), "")
    levels = [each for each in element.iter() if local(each) == "lvl"] or [element]
    cells: dict[int, str] = {}
    for level in reversed(levels):
        latest = ""
        points = {
            int(attribute(each, "idx") or 0): _value(each, code)
            for each in level.iter()
            if local(each) == "pt"
        }
        if len(levels) == 1:
            return points
        for place in range(max([*points, *cells], default=-1) + 1):
            latest = points.get(place, latest)
            cells[place] = " ".join(part for part in (cells.get(place, ""), latest) if part)
    return cells


def _value(point: Element, code: str) -> str:
    text = next((each.text or "" for each in point if local(each) == "v"), point.text or "").strip()
    code = attribute(point, "formatCode") or code
    try:
        return shown(float(text), code) if code else visible(text)
    except ValueError:
        return visible(text)


def _extended_rows(root: Element) -> list[list[str]]:
    """The values of the chart kinds of 2016 (`cx`): waterfall, funnel, treemap and others."""
    rows: list[list[str]] = []
    for data in (each for each in root.iter() if local(each) == "data"):
        columns = [
            [_value(point, attribute(level, "formatCode")) for point in level if local(point) == "pt"]
            for dimension in data
            if local(dimension) in ("strDim", "numDim")
            for level in dimension
            if local(level) == "lvl"
        ]
        length = max(map(len, columns), default=0)
        rows += [[column[i] if i < len(column) else "" for column in columns] for i in range(length)]
    return [["Category", *(["Value"] * (len(rows[0]) - 1))], *rows] if rows else []


def _title(element: Element) -> str:
    """What a title says, or what the cell that it is linked to said."""
    cached = (each.text or "" for each in element.iter() if local(each) == "v")
    return words(element) or " ".join(visible(" ".join(cached)).split())


def run_kind(properties: Element | None) -> str:
    """RAISED, LOWERED or STRUCK by the properties of a run (`a:rPr`), `` for other runs."""
    if properties is None:
        return ""
    baseline = properties.get("baseline", "0").rstrip("%")
    if baseline.lstrip("-").isdecimal() and int(baseline):
        return LOWERED if baseline.startswith("-") else RAISED
    return STRUCK if properties.get("strike", "noStrike") != "noStrike" else ""


def words(element: Element) -> str:
    """The text of the paragraphs under an element, on one line."""
    return " ".join(" ".join(visible(set_off(_runs(element))).split()).split("\u00a0"))


def _runs(element: Element) -> Iterator[tuple[str, str]]:
    kind = ""
    for each in element.iter():
        name = local(each)
        if name in ("r", "fld"):
            kind = run_kind(next((part for part in each if local(part) == "rPr"), None))
        elif name == "t":
            yield each.text or "", kind
        elif name in ("p", "br"):
            kind = ""
            yield " ", kind
