"""EPUB: the chapters in reading order, each a page, by the HTML walker."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rag.errors import LoadError
from rag.loaders.decode import decode
from rag.loaders.guard.archive import Archive, resolve
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.xml import attribute, local, parse_xml, texts
from rag.loaders.html.loader import xhtml_to_markdown
from rag.loaders.metadata import present, sensible_title
from rag.loaders.pdf.pages import Pages
from rag.loaders.result import Loaded
from rag.types import Document

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
# Fonts are scrambled so in free books too; anything else that is encrypted is text.
FONT_ALGORITHMS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document, `text/markdown`, a page a chapter. Chapters that are missing are problems.

    Raises LoadError for a book under DRM.
    """
    pages = Pages()
    problems: list[str] = []
    with Archive(data, ".epub", limits) as archive:
        _refuse_drm(archive, limits)
        package_name = _package_name(archive, limits)
        package = parse_xml(archive.read(package_name), package_name, limits)
        chapters = _chapters(package, package_name)
        limits.check("max_pages", len(chapters), "chapters")
        for name in chapters:
            if name not in archive:
                problems.append(f"chapter {name} is missing from the book")
            elif name.endswith(".svg"):
                problems.append(f"chapter {name} is a drawing and was left out")
            elif text := xhtml_to_markdown(
                decode(archive.read(name)).text, limits, partial(_sheet, archive, name)
            ):
                pages.add(text)
    title, metadata = _metadata(package)
    document = Document.make(
        pages.text, source, title=title, metadata=metadata, pages=pages.starts, media_type="text/markdown"
    )
    return Loaded([document], problems)


def _sheet(archive: Archive, chapter: str, link: str) -> str:
    name = resolve(chapter, unquote(link))
    return decode(archive.read(name)).text if name in archive and name.endswith(".css") else ""


def _refuse_drm(archive: Archive, limits: Limits) -> None:
    if ENCRYPTION not in archive:
        return
    for element in parse_xml(archive.read(ENCRYPTION), ENCRYPTION, limits).iter():
        if local(element) == "EncryptionMethod" and attribute(element, "Algorithm") not in FONT_ALGORITHMS:
            raise LoadError("encrypted by DRM: only its reading program can open it; get a free copy")


def _package_name(archive: Archive, limits: Limits) -> str:
    for element in parse_xml(archive.read(CONTAINER), CONTAINER, limits).iter():
        if local(element) == "rootfile" and (path := attribute(element, "full-path")):
            return path
    raise LoadError("a broken .epub file: its container names no package; get a fresh copy")


def _chapters(package: Element, package_name: str) -> list[str]:
    """Members of the spine, in reading order, the table of contents left out."""
    items = {attribute(each, "id"): each for each in package.iter() if local(each) == "item"}
    spine = [attribute(each, "idref") for each in package.iter() if local(each) == "itemref"]
    return [
        resolve(package_name, unquote(attribute(items[name], "href"))) if name in items else name
        for name in spine
        if name not in items or "nav" not in attribute(items[name], "properties").split()
    ]


def _metadata(package: Element) -> tuple[str, dict[str, str]]:
    groups = [each for each in package if local(each) == "metadata"]
    named = texts(groups[0]) if groups else {}
    return sensible_title(named.get("title", "")), present(
        author=named.get("creator", ""),
        language=named.get("language", ""),
        publisher=named.get("publisher", ""),
        created=named.get("date", ""),
        identifier=named.get("identifier", ""),
        subject=named.get("subject", ""),
    )
