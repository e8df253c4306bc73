"""What Office files hold without its text: pictures, read by their description; embedded objects, named."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from rag.counts import counted
from rag.loaders.drawing import shown_parts
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.xml import attribute, local

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PICTURES = ("pic", "imagedata")
_DESCRIBED = ("docPr", "cNvPr", "shape", "rect")
_OBJECTS = ("OLEObject", "oleObj", "oleObject")
# What Office writes below a description of its own.
_GUESSED = re.compile(
    r"(?:Description automatically generated|AI-generated content may be incorrect|"
    r"Automatisch generierte Beschreibung|KI-generierte Inhalte können fehlerhaft sein)\b[^\n]*"
)
_FILE = re.compile(r"\.\w{2,4}$")
_UNNAMED = re.compile(r"(?:image|picture|grafik|bild) ?\d{0,6}", re.IGNORECASE)


def picture(said: str) -> list[str]:
    """`Picture: its description`; nothing where that is blank, or only a file's name."""
    text = " ".join(visible(_GUESSED.sub("", said)).split())
    is_name = (" " not in text and _FILE.search(text)) or _UNNAMED.fullmatch(text)
    return [f"Picture: {text}"] if text and not is_name else []


def alternative_text(element: Element) -> list[str]:
    """The descriptions of the pictures below an element, each once."""
    parts = list(shown_parts(element))
    if not any(local(each) in _PICTURES for each in parts):
        return []
    said = (
        attribute(each, "descr") or attribute(each, "alt") or attribute(each, "title")
        for each in parts
        if local(each) in _DESCRIBED
    )
    return list(dict.fromkeys(block for text in said for block in picture(text)))


def objects(element: Element) -> Counter[str]:
    """The embedded objects below an element: the name of their program → how many."""
    return Counter(
        attribute(each, "progId") or attribute(each, "ProgID") or "of an unknown kind"
        if local(each) in _OBJECTS
        else "ActiveX control"
        for each in shown_parts(element)
        if local(each) in (*_OBJECTS, "control")
    )


def left_out(found: Counter[str]) -> list[str]:
    """A sentence a kind of embedded object, such as an old equation or a sheet within a text."""
    return [
        f"{counted(number, 'embedded object')} ({kind}) left out; save what it shows as text or as a file"
        for kind, number in found.items()
    ]
