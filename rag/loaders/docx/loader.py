"""DOCX: one document of the body and what stands beside it: notes, comments, boxes, headers and footers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.loaders.first_heading import first_heading
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.office import core_properties, relations
from rag.loaders.guard.xml import attribute, local, parse_xml
from rag.loaders.objects import left_out
from rag.loaders.result import Loaded
from rag.types import Document

from .styles import Numbering, Styles, value
from .walk import Walk

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAIN = "word/document.xml"
_PAGE = re.compile(
    r"\W*(?:(?:page|seite|página|pagina|sida|side|of|von|de|sur|av)\W*|\d+\W*)*", re.IGNORECASE
)


_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
_NUMBER = "\ufdd0"  # stands for a page's number; no text has it
_NUMBERED = re.compile(
    rf"(?<![\s|·•–—-])[\s|·•–—-]*+(?:\b(?:page|seite|página|pagina|sida|side)\s+)?{_NUMBER}"
    rf"(?:\s*(?:of|von|de|sur|av|di|/)\s*{_NUMBER})?[\s|·•–—-]*+",
    re.IGNORECASE,
)


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document, `text/markdown`, with the core properties as metadata."""
    with Archive(data, ".docx", limits) as archive:
        title, metadata = core_properties(archive, limits)
        main = _main(archive, limits)
        root = parse_xml(archive.read(main), main, limits)
        parts = _parts(archive, main, limits)
        styles = Styles(parts.get("styles"))
        walk = Walk(archive, main, limits, styles, Numbering(parts.get("numbering"), styles))
        for kind in ("footnotes", "endnotes", "comments"):
            if kind in parts:
                walk.keep(kind, parts[kind], _numbered_by(kind, parts.get("settings"), root))
        walk.shaded_page = any(local(each) == "background" for each in root)
        for body in (each for each in root if local(each) == "body"):
            walk.body(body)
        for margin in _margins(root, archive, main, walk, limits):
            walk.writer.paragraph(margin)
    text = walk.writer.text()
    document = Document.make(
        text, source, title=title or first_heading(text), metadata=metadata, media_type="text/markdown"
    )
    return Loaded([document], [*walk.problems, *left_out(walk.objects)])


def _main(archive: Archive, limits: Limits) -> str:
    """The member that holds the body: mostly `word/document.xml`, but the package decides."""
    for kind, target in relations(archive, "", limits).values():
        if kind == "officeDocument" and target in archive:
            return target
    return _MAIN


def _parts(archive: Archive, main: str, limits: Limits) -> dict[str, Element]:
    wanted = ("styles", "numbering", "footnotes", "endnotes", "comments", "settings")
    return {
        kind: parse_xml(archive.read(target), target, limits)
        for kind, target in relations(archive, main, limits).values()
        if kind in wanted and target in archive
    }


def _margins(root: Element, archive: Archive, main: str, walk: Walk, limits: Limits) -> list[str]:
    """Headers and footers, each text once; page numbers alone say nothing."""
    targets = relations(archive, main, limits)
    margins: list[str] = []
    for each in root.iter():
        if local(each) not in ("headerReference", "footerReference"):
            continue
        target = targets.get(attribute(each, "id"), ("", ""))[1]
        if target not in archive:
            continue
        text = walk.apart(target, _with_page_numbers_marked(parse_xml(archive.read(target), target, limits)))
        text = _NUMBERED.sub(" ", text).strip()
        margin = f"{'Header' if local(each) == 'headerReference' else 'Footer'}: {text}"
        if text and not _PAGE.fullmatch(text) and margin not in margins:
            margins.append(margin)
    return margins


def _numbered_by(kind: str, *parts: Element | None) -> str:
    """The number format of footnotes or endnotes, by the settings or a section; `` where none is set."""
    for each in (each for part in parts if part is not None for each in part.iter()):
        if local(each) == f"{kind.removesuffix('s')}Pr" and (stated := value(each, "numFmt")):
            return stated
    return ""


def _with_page_numbers_marked(root: Element) -> Element:
    """A header or footer with `_NUMBER` for what its fields for the numbers of pages show."""
    fields: list[list[str]] = []  # of each that is open: its code, then `shown` behind its separator
    marked = False
    for each in root.iter():
        name = local(each)
        if name == "fldSimple" and _PAGE_FIELD.match(attribute(each, "instr")):
            for number, text in enumerate(part for part in each.iter() if local(part) == "t"):
                text.text = "" if number else _NUMBER
        elif name == "fldChar":
            kind = attribute(each, "fldCharType")
            if kind == "begin":
                fields.append([""])
                marked = False
            elif fields and kind == "separate":
                fields[-1].append("shown")
            elif fields:
                fields.pop()
        elif name == "instrText" and fields:
            fields[-1][0] += each.text or ""
        elif name == "t" and any(len(field) > 1 and _PAGE_FIELD.match(field[0]) for field in fields):
            each.text = "" if marked else _NUMBER
            marked = True
    return root
