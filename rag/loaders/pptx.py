"""PPTX: the slides in order, each a page: title, texts, tables, notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.loaders.guard.archive import Archive
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.office import core_properties, relations
from rag.loaders.guard.xml import attribute, local, parse_xml
from rag.loaders.pdf.pages import Pages
from rag.loaders.pipes import pipe_table
from rag.loaders.result import Loaded
from rag.loaders.writer import Writer
from rag.types import Document

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

PRESENTATION = "ppt/presentation.xml"
TITLES = ("title", "ctrTitle")
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
        for number, part in enumerate(slides, 1):
            root = parse_xml(archive.read(part), part, limits)
            if attribute(root, "show") in ("0", "false"):
                problems.append(f"slide {number} is hidden and was left out")
                pages.add("")
                continue
            title = title or _slide_title(root)
            pages.add(_slide(root, _notes(archive, part, limits)))
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


def _slide_title(root: Element) -> str:
    for shape in root.iter():
        if local(shape) == "sp" and _placeholder(shape) in TITLES:
            return " ".join(" ".join(text for _, text in _paragraphs(shape)).split())
    return ""


def _slide(root: Element, notes: str) -> str:
    writer = Writer()
    writer.heading(1, _slide_title(root))
    for shape in root.iter():
        if local(shape) == "sp" and _placeholder(shape) not in (*TITLES, *FURNITURE):
            _write_shape(writer, shape)
        elif local(shape) == "tbl":
            rows = [
                [_text(cell) for cell in row if local(cell) == "tc"] for row in shape if local(row) == "tr"
            ]
            writer.verbatim(pipe_table(rows))
    if notes:
        writer.paragraph(f"Notes: {notes}")
    return writer.text()


def _write_shape(writer: Writer, shape: Element) -> None:
    """A body's paragraphs are its points, a list; those of a text box are paragraphs."""
    paragraphs = list(_paragraphs(shape))
    if _placeholder(shape) in ("body", "obj") and len(paragraphs) > 1:
        points = ("  " * level + "- " + " ".join(text.split("\n")) for level, text in paragraphs)
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


def _paragraphs(shape: Element) -> Iterator[tuple[int, str]]:
    """(level from 0, text) of each paragraph with text."""
    for paragraph in shape.iter():
        if local(paragraph) == "p" and (text := _run_text(paragraph)):
            level = next((each.get("lvl", "0") for each in paragraph if local(each) == "pPr"), "0")
            yield (int(level) if level.isdecimal() else 0), text


def _run_text(paragraph: Element) -> str:
    pieces = []
    for each in paragraph.iter():
        if local(each) == "t":
            pieces.append(each.text or "")
        elif local(each) == "br":
            pieces.append("\n")
    lines = visible("".join(pieces)).replace("\u00a0", " ").split("\n")
    return "\n".join(stripped for line in lines if (stripped := " ".join(line.split())))


def _text(element: Element) -> str:
    return " ".join(text for _, text in _paragraphs(element))


def _notes(archive: Archive, part: str, limits: Limits) -> str:
    for kind, target in relations(archive, part, limits).values():
        if kind == "notesSlide" and target in archive:
            root = parse_xml(archive.read(target), target, limits)
            shapes = [each for each in root.iter() if local(each) == "sp" and _placeholder(each) == "body"]
            return "\n".join(text for shape in shapes for _, text in _paragraphs(shape))
    return ""
