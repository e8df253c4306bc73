"""PPTX: the slides in order, each a page: title, then texts, tables, charts and diagrams by place, notes.

Left out as not shown to a reader, and counted: shapes that are hidden or off the slide, letters without ink,
too small to see or in the colour behind them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.loaders.drawing import choice, graphic_blocks, run_kind
from rag.loaders.equations import equation
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.hidden import note_hidden, says_something
from rag.loaders.guard.invisible import in_symbol_font, visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.office import core_properties, relations
from rag.loaders.guard.seen import FAINT, TINY_POINTS, WHITE, Colour, from_hex, melts
from rag.loaders.guard.xml import attribute, local, parse_xml
from rag.loaders.numerals import numeral
from rag.loaders.objects import alternative_text, left_out, objects
from rag.loaders.pdf.pages import Pages
from rag.loaders.pipes import headed, pipe_table
from rag.loaders.raised import LOWERED, RAISED, STRUCK, lowered, raised
from rag.loaders.result import Loaded
from rag.loaders.writer import Writer
from rag.types import Document

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

PRESENTATION = "ppt/presentation.xml"
TITLES = ("title", "ctrTitle")
_WHOLE = re.compile(r"-?\d{1,12}")
_COUNTED = (("alphaLc", "lowerLetter"), ("alphaUc", "upperLetter"), ("romanLc", "lowerRoman"),
            ("romanUc", "upperRoman"))  # fmt: skip
_COUNTS = re.compile(r"\d{1,5}[.)] ")
# Placeholders that repeat on every slide.
FURNITURE = ("dt", "ftr", "hdr", "sldNum", "sldImg")


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document, `text/markdown`, a page a slide. Hidden slides are left out, which is a problem each."""
    pages = Pages()
    problems: list[str] = []
    with Archive(data, ".pptx", limits) as archive:
        title, metadata = core_properties(archive, limits)
        slides = _slide_parts(archive, limits)
        limits.check("max_pages", len(slides), "slides")
        size = _slide_size(archive, limits)
        authors = _authors(archive, limits)
        for number, part in enumerate(slides, 1):
            root = parse_xml(archive.read(part), part, limits)
            if attribute(root, "show") in ("0", "false"):
                problems.append(f"slide {number} is hidden and was left out")
                pages.add("")
                continue
            slide = _Slide(archive, part, root, size, limits)
            title = title or slide.title
            pages.add(slide.text(_beside(archive, part, authors, limits)))
            problems += [f"slide {number}: {each}" for each in left_out(slide.objects)]
    document = Document.make(
        pages.text, source, title=title, metadata=metadata, pages=pages.starts, media_type="text/markdown"
    )
    return Loaded([document], problems)


def _slide_parts(archive: Archive, limits: Limits) -> list[str]:
    """The slides' members in the order of the presentation, which is not that of their numbers."""
    targets = relations(archive, PRESENTATION, limits)
    root = parse_xml(archive.read(PRESENTATION), PRESENTATION, limits)
    ids = [_relation_id(each) for each in root.iter() if local(each) == "sldId"]
    return [targets[each][1] for each in ids if each in targets]


def _relation_id(element: Element) -> str:
    # The plain `id` is another number; the relation's has a namespace.
    return next((value for key, value in element.attrib.items() if key.endswith("}id")), "")


class _Slide:
    """One slide: its parts that are shown, by place."""

    def __init__(
        self, archive: Archive, part: str, root: Element, size: tuple[int, int], limits: Limits
    ) -> None:
        self._archive, self._part, self._limits = archive, part, limits
        self._root, self._size = root, size
        self._behind = [root, *_masters(archive, part, limits)]
        self._white = all(_is_white(each) for each in self._behind)
        self._fills = [box for layer in self._behind for box in _filled_boxes(layer)]
        self._writer = Writer()
        self.objects: Counter[str] = Counter()
        self.title = self._title()

    def text(self, notes: list[str]) -> str:
        """The slide as Markdown, its notes and comments behind it."""
        self._writer.heading(1, self.title)
        for tree in (each for each in self._root.iter() if local(each) == "spTree"):
            self._shapes(tree)
        for note in notes:
            self._writer.paragraph(note)
        return self._writer.text()

    def _title(self) -> str:
        """What the slide's title shows; `` where it has none, or one that nobody sees."""
        for shape in self._root.iter():
            if local(shape) == "sp" and _placeholder(shape) in TITLES and not self._unseen(shape, False):
                paragraphs = _paragraphs(shape, _paper(shape, self._on_white(shape, False)))
                return " ".join(" ".join(text for _, text in paragraphs).split())
        return ""

    def _shapes(self, tree: Element, grouped: bool = False) -> None:
        for shape in self._by_place(_drawn(tree)):
            kind = local(shape)
            why = self._unseen(shape, grouped)
            if why:
                text = _text(shape)
                if says_something(text):
                    note_hidden(f"characters of text ({why})", len(text))
            elif kind == "grpSp":
                self._shapes(shape, grouped=True)
            elif kind in ("sp", "cxnSp") and _placeholder(shape) not in (*TITLES, *FURNITURE):
                _write_shape(self._writer, shape, _paper(shape, self._on_white(shape, grouped)))
            elif kind == "graphicFrame":
                for table in (each for each in shape.iter() if local(each) == "tbl"):
                    title, rows = headed(*_table(table))
                    self._writer.paragraph(title)
                    self._writer.verbatim(pipe_table(rows))
                for block in graphic_blocks(shape, self._archive, self._part, self._limits):
                    self._writer.verbatim(block)
                self.objects.update(objects(shape))
            if kind in ("pic", "graphicFrame"):
                for block in alternative_text(shape):
                    self._writer.paragraph(block)

    def _on_white(self, shape: Element, grouped: bool) -> bool:
        """Whether only the white slide is behind a shape: nothing that is filled lies where it does."""
        if not self._white or not self._fills:
            return self._white
        box = None if grouped else _box(shape) or self._inherited(shape)
        return box is not None and all(
            other is not None and not _overlap(box, other) for other in self._fills
        )

    def _by_place(self, shapes: list[Element]) -> list[Element]:
        """From top to bottom, at about the same height from left to right; unplaced ones as they stand."""
        band = max(self._size[1] // 24, 1)
        keys: list[tuple[int, int]] = []
        for shape in shapes:
            box = _box(shape) or self._inherited(shape)
            # What has no place of its own stays behind the shape before it.
            keys.append((box[1] // band, box[0]) if box else keys[-1] if keys else (-1, 0))
        return [shapes[i] for i in sorted(range(len(shapes)), key=lambda i: keys[i])]

    def _inherited(self, shape: Element) -> tuple[int, int, int, int] | None:
        """Where the layout or the master places a placeholder."""
        wanted = next((each for each in shape.iter() if local(each) == "ph"), None)
        if wanted is None:
            return None
        for layer in self._behind[1:]:
            for other in (each for each in layer.iter() if local(each) == "sp"):
                place = next((each for each in other.iter() if local(each) == "ph"), None)
                if place is None:
                    continue
                same = place.get("idx") == wanted.get("idx") and (
                    wanted.get("idx") or place.get("type") == wanted.get("type")
                )
                if same and (box := _box(other)):
                    return box
        return None

    def _unseen(self, shape: Element, grouped: bool) -> str:
        named = next((each for each in shape.iter() if local(each) == "cNvPr"), None)
        if named is not None and named.get("hidden") in ("1", "true"):
            return "hidden shape"
        box = None if grouped else _box(shape)  # places in a group are the group's own
        if box is None or not all(self._size):
            return ""
        left, top, wide, high = box
        off = left >= self._size[0] or top >= self._size[1] or left + wide <= 0 or top + high <= 0
        return "off the slide" if off else ""


def _drawn(tree: Element) -> list[Element]:
    """The shapes of a tree; of alternative contents the one that is read."""
    drawn: list[Element] = []
    for each in tree:
        if local(each) == "AlternateContent":
            drawn += _drawn(choice(each))
        elif local(each) in ("sp", "grpSp", "graphicFrame", "cxnSp", "pic"):
            drawn.append(each)
    return drawn


def _box(shape: Element) -> tuple[int, int, int, int] | None:
    """Left, top, width and height in EMU; None where the shape names none."""
    for each in shape:
        xfrm = (
            each if local(each) == "xfrm" else next((child for child in each if local(child) == "xfrm"), None)
        )
        if xfrm is None or local(each) not in ("xfrm", "spPr", "grpSpPr"):
            continue
        parts = {local(part): part for part in xfrm}
        if "off" in parts and "ext" in parts:
            values = (
                *(parts["off"].get(name, "") for name in "xy"),
                *(parts["ext"].get(n, "") for n in ("cx", "cy")),
            )
            if all(_WHOLE.fullmatch(value) for value in values):
                left, top, wide, high = map(int, values)
                return left, top, wide, high
    return None


def _masters(archive: Archive, part: str, limits: Limits) -> list[Element]:
    """The layout of a slide and the master of that."""
    masters: list[Element] = []
    for wanted in ("slideLayout", "slideMaster"):
        target = next((to for kind, to in relations(archive, part, limits).values() if kind == wanted), "")
        if target not in archive:
            break
        masters.append(parse_xml(archive.read(target), target, limits))
        part = target
    return masters


def _is_white(layer: Element) -> bool:
    """Whether a layer leaves the slide white: it has no background but a white one."""
    for each in (each for each in layer.iter() if local(each) == "bg"):
        parts = list(each.iter())
        if any(local(part) in ("blipFill", "gradFill", "pattFill") for part in parts):
            return False
        if not any(part.get("val", "").lower() in ("bg1", "lt1", "ffffff") for part in parts):
            return False
    return True


def _filled_boxes(layer: Element) -> Iterator[tuple[int, int, int, int] | None]:
    """Where a layer has pictures, filled shapes and tables; None for one whose place it does not say."""
    for tree in (each for each in layer.iter() if local(each) == "spTree"):
        for shape in _drawn(tree):
            if any(
                local(each) in ("pic", "blipFill", "gradFill", "pattFill")
                or (local(each) in ("spPr", "grpSpPr", "tcPr", "tblPr") and _has_fill(each))
                for each in shape.iter()
            ):
                yield _box(shape)


def _overlap(box: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    (left, top, wide, high), (x, y, width, height) = box, other
    return left < x + width and x < left + wide and top < y + height and y < top + high


def _has_fill(properties: Element) -> bool:
    return any(
        local(each) in ("solidFill", "gradFill", "blipFill", "pattFill", "tableStyleId")
        for each in properties
    )


def _is_filled(shape: Element) -> bool:
    return any(
        (local(each) == "spPr" and _has_fill(each)) or local(each) in ("style", "fillRef")
        for each in shape.iter()
    )


def _paper(shape: Element, on_white: bool) -> Colour | None:
    """The colour behind a shape's letters: its plain fill, else a white slide; None: not known."""
    if not _is_filled(shape):
        return WHITE if on_white else None
    for properties in (each for each in shape if local(each) == "spPr"):
        fill = next((each for each in properties if local(each) == "solidFill"), None)
        if fill is not None and len(fill) == 1 and not len(fill[0]):
            return _plain_colour(fill[0])
    return None


def _table(table: Element) -> tuple[list[list[str]], list[tuple[int, int]]]:
    """The texts of a table, cells merged downwards repeated; the columns that its first row merges."""
    rows: list[list[str]] = []
    groups: list[tuple[int, int]] = []
    for row in (each for each in table if local(each) == "tr"):
        line: list[str] = []
        for cell in (each for each in row if local(each) == "tc"):
            column = len(line)
            above = rows[-1][column] if rows and column < len(rows[-1]) else ""
            wide = cell.get("gridSpan", "1")
            if not rows and wide.isdecimal() and 1 < int(wide) < 200:
                groups.append((column, column + int(wide) - 1))
            line.append(above if cell.get("vMerge") in ("1", "true") else _cell(cell))
        rows.append(line)
    return rows, groups


def _cell(cell: Element) -> str:
    properties = next((each for each in cell if local(each) == "tcPr"), None)
    fill = next((each for each in properties if local(each) == "solidFill"), None) if properties else None
    paper = _plain_colour(fill[0]) if fill is not None and len(fill) == 1 else None
    return " ".join(text for _, text in _paragraphs(cell, paper))


def _write_shape(writer: Writer, shape: Element, paper: Colour | None) -> None:
    """A body's paragraphs are its points, a list; those of a text box are paragraphs."""
    paragraphs = list(_paragraphs(shape, paper))
    if _placeholder(shape) in ("body", "obj") and len(paragraphs) > 1:
        points = (
            "  " * level + ("" if _COUNTS.match(text) else "- ") + " ".join(text.split("\n"))
            for level, text in paragraphs
        )
        writer.verbatim("\n".join(points))
    else:
        for _, text in paragraphs:
            writer.paragraph(text)


def _placeholder(shape: Element) -> str:
    """The kind of placeholder a shape is; `body` where it says none, `` for other shapes."""
    for each in shape.iter():
        if local(each) == "ph":
            return each.get("type", "body")
    return ""


def _paragraphs(shape: Element, paper: Colour | None = None) -> Iterator[tuple[int, str]]:
    """(level from 0, text) of each paragraph with text, behind its number where the slide counts it."""
    counts: dict[int, tuple[str, int]] = {}
    for paragraph in shape.iter():
        if local(paragraph) == "p" and (text := _run_text(paragraph, paper)):
            properties = next((each for each in paragraph if local(each) == "pPr"), None)
            stated = "0" if properties is None else properties.get("lvl", "0")
            level = int(stated) if stated.isdecimal() else 0
            yield level, f"{_number(properties, level, counts)}{text}"


def _number(properties: Element | None, level: int, counts: dict[int, tuple[str, int]]) -> str:
    """The number of a paragraph and a blank, `` where it has none; `counts` by level: kind, latest."""
    numbered = next((each for each in properties if local(each) == "buAutoNum"), None) if properties else None
    for deeper in [each for each in counts if each > level or (each == level and numbered is None)]:
        del counts[deeper]
    if numbered is None:
        return ""
    kind, start = numbered.get("type", "arabicPeriod"), numbered.get("startAt", "1")
    first = int(start) if start.isdecimal() and len(start) < 6 else 1
    before, last = counts.get(level, ("", 0))
    count = last + 1 if before == kind else first
    counts[level] = (kind, count)
    label = numeral(count, next((name for mark, name in _COUNTED if kind.startswith(mark)), "decimal"))
    if kind.endswith("ParenBoth"):
        return f"({label}) "
    return f"{label}{')' if kind.endswith('ParenR') else '' if kind.endswith('Plain') else '.'} "


def _run_text(paragraph: Element, paper: Colour | None = None) -> str:
    text = ""
    hidden: dict[str, str] = {}
    pieces = list(_pieces(paragraph))
    for number, each in enumerate(pieces):
        name = local(each)
        if name in ("oMath", "oMathPara"):
            text += equation(each)
        elif name == "br":
            text += "\n"
        elif name in ("r", "fld"):
            said = _said(each)
            properties = next((part for part in each if local(part) == "rPr"), None)
            if properties is not None and (why := _unseen_ink(properties, paper)):
                hidden[why] = hidden.get(why, "") + said
            else:
                after = "".join(map(_said, pieces[number + 1 : number + 3]))
                text += _raised(text, said, properties, after)
    for why, unseen in hidden.items():
        if says_something(unseen):
            note_hidden(f"characters of text ({why})", len(unseen))
    lines = visible(text).replace("\u00a0", " ").split("\n")
    return "\n".join(stripped for line in lines if (stripped := " ".join(line.split())))


def _pieces(paragraph: Element) -> Iterator[Element]:
    """Runs, fields, breaks and equations; of alternative contents the first that is any."""
    for each in paragraph:
        name = local(each)
        if name == "AlternateContent":
            options = (list(_pieces(option)) for option in each if local(option) in ("Choice", "Fallback"))
            yield from next((pieces for pieces in options if pieces), [])
        elif name in ("r", "fld", "br", "oMath", "oMathPara"):
            yield each
        elif name == "m":
            yield from _pieces(each)


def _said(run: Element) -> str:
    said = "".join(part.text or "" for part in run if local(part) == "t")
    fonts = (each for part in run if local(part) == "rPr" for each in part if local(each) in ("sym", "latin"))
    return in_symbol_font(said) if any(each.get("typeface") == "Symbol" for each in fonts) else said


def _raised(before: str, said: str, properties: Element | None, after: str) -> str:
    """A run's text, its number set off from the one before it where it is raised or lowered."""
    kind = run_kind(properties) if said.strip() else ""
    tail = " " if kind and said[-1].isspace() else ""
    if kind in (LOWERED, RAISED) and len(said) <= 40:
        return (lowered(before, said) if kind == LOWERED else raised(before, said, tail + after)) + tail
    return f"~~{said.strip()}~~{tail}" if kind == STRUCK else said


def _unseen_ink(properties: Element, paper: Colour | None) -> str:
    """Why nobody sees a run, by its size and its ink; `` where it shows. `paper`: None where not known."""
    size = properties.get("sz", "")
    if size.isdecimal() and int(size) / 100 <= TINY_POINTS:
        return "letters too small to see"
    names = [local(each) for each in properties]
    if "noFill" in names and "ln" not in names:
        return "drawn without ink"
    for fill in (each for each in properties if local(each) == "solidFill"):
        for ink in fill:
            opaque = [each.get("val", "") for each in ink if local(each) == "alpha"]
            alpha = int(opaque[0]) / 100_000 if opaque and opaque[0].isdecimal() else 1.0
            if alpha <= FAINT:
                return "drawn without ink"
            colour = _plain_colour(ink)
            return "colour of its background" if colour and paper and melts(colour, paper, alpha) else ""
    return ""


def _plain_colour(element: Element) -> Colour | None:
    """The colour of a `srgbClr` or of the theme's white; None for others, and those that are made lighter."""
    if any(local(each) != "alpha" for each in element):
        return None
    name = element.get("val", "")
    return WHITE if name.lower() in ("bg1", "lt1") else from_hex(name)


def _text(element: Element) -> str:
    return " ".join(text for _, text in _paragraphs(element))


def _authors(archive: Archive, limits: Limits) -> dict[str, str]:
    """The people who commented: their id → their name."""
    return {
        each.get("id", ""): " ".join(visible(each.get("name", "")).split())
        for kind, target in relations(archive, PRESENTATION, limits).values()
        if kind in ("commentAuthors", "authors") and target in archive
        for each in parse_xml(archive.read(target), target, limits)
    }


def _beside(archive: Archive, part: str, authors: dict[str, str], limits: Limits) -> list[str]:
    """The speaker's notes and the comments of a slide."""
    blocks: list[str] = []
    for kind, target in relations(archive, part, limits).values():
        if kind == "notesSlide" and target in archive:
            root = parse_xml(archive.read(target), target, limits)
            shapes = [
                each for each in root.iter() if local(each) == "sp" and _placeholder(each) not in FURNITURE
            ]
            if text := "\n".join(text for shape in shapes for _, text in _paragraphs(shape)):
                blocks.append(f"Notes: {text}")
        elif kind == "comments" and target in archive:
            comments = parse_xml(archive.read(target), target, limits).iter()
            for each in (each for each in comments if local(each) in ("cm", "reply")):
                author = authors.get(each.get("authorId", ""), "")
                if text := _comment(each):
                    blocks.append(f"Comment by {author}: {text}" if author else f"Comment: {text}")
    return blocks


def _comment(element: Element) -> str:
    plain = next((each.text or "" for each in element if local(each) == "text"), "")
    body = next((each for each in element if local(each) == "txBody"), None)
    return " ".join(visible(plain).split()) or (_text(body) if body is not None else "")


def _slide_size(archive: Archive, limits: Limits) -> tuple[int, int]:
    """Width and height in EMU; zeros where the presentation names none."""
    for each in parse_xml(archive.read(PRESENTATION), PRESENTATION, limits):
        if local(each) == "sldSz" and each.get("cx", "").isdecimal() and each.get("cy", "").isdecimal():
            return int(each.get("cx", "0")), int(each.get("cy", "0"))
    return 0, 0
