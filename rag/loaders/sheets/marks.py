"""Texts in the cells of an XLSX: raised and lowered signs set off, struck-out text marked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.loaders.guard.archive import Archive
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.xml import attribute, local, parse_xml
from rag.loaders.raised import LOWERED, RAISED, STRUCK, set_off

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SHARED = re.compile(
    rb"<(?:\w+:)?c\s(?=[^<>]*?\bt=[\"']s[\"'])[^<>]*?\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"'][^<>]*>\s{0,9}"
    rb"<(?:\w+:)?v>([0-9]{1,9})</"
)
_SAYS = (b"vertAlign", b"strike")


def says_more(data: bytes) -> bool:
    """Whether a part may hold text that is raised, lowered or struck out."""
    return any(name in data for name in _SAYS)


def shared_strings(archive: Archive, part: str, limits: Limits) -> dict[bytes, str]:
    """Those of the shared strings that have marks: number, as cells write it → text."""
    if part not in archive or not says_more(data := archive.read(part)):
        return {}
    items = (each for each in parse_xml(data, part, limits) if local(each) == "si")
    return {str(number).encode(): text for number, each in enumerate(items) if (text := marked(each))}


def marked_cells(
    data: bytes, part: str, shared: dict[bytes, str], limits: Limits
) -> dict[tuple[bytes, int], str]:
    """(Letters of the column, row from 1) → text of the cells whose texts have marks."""
    cells = {
        (letters, int(row)): shared[number]
        for letters, row, number in (_SHARED.findall(data) if shared else ())
        if number in shared
    }
    if b"inlineStr" in data and says_more(data):
        for cell in (each for each in parse_xml(data, part, limits).iter() if local(each) == "c"):
            place = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", attribute(cell, "r"))
            for each in cell:
                if local(each) == "is" and place and (text := marked(each)):
                    cells[place[1].encode(), int(place[2])] = text
    return cells


def marked(item: Element) -> str:
    """A string's runs as one text; `` where none of them is raised, lowered or struck out."""
    runs = [_run(each) for each in item if local(each) in ("r", "t")]
    return visible(set_off(runs)) if any(kind for _, kind in runs) else ""


def text_of(item: Element) -> str:
    """The whole text of a string, its marks too."""
    return set_off([_run(each) for each in item if local(each) in ("r", "t")])


def is_struck(font: Element) -> bool:
    """Whether a font, of a cell or of a run, strikes its letters out."""
    return any(local(each) == "strike" and attribute(each, "val") not in ("0", "false") for each in font)


def _run(element: Element) -> tuple[str, str]:
    if local(element) == "t":
        return element.text or "", ""
    text = "".join(each.text or "" for each in element if local(each) == "t")
    properties = next((each for each in element if local(each) == "rPr"), None)
    if properties is None:
        return text, ""
    place = next((attribute(each, "val") for each in properties if local(each) == "vertAlign"), "")
    kind = {"superscript": RAISED, "subscript": LOWERED}.get(place, "")
    return text, kind or (STRUCK if is_struck(properties) else "")
