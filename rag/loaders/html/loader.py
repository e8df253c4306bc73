"""HTML: what a page says, as Markdown, without its scripts, navigation and hidden parts, which are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from rag.errors import LoadError
from rag.loaders.decode import decode
from rag.loaders.first_heading import first_heading
from rag.loaders.guard.limits import Limits
from rag.loaders.metadata import one_line, present
from rag.types import Document

from .concealed import take_out_hidden
from .walk import to_markdown

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*+=\s*+[\"']?\s*+([\w.:-]+)|<\?xml[^>]{0,200}?encoding=[\"']([\w.:-]+)",
    re.IGNORECASE,
)
# XML closes any element with `/>`; for an HTML parser `<title/>` would swallow the page.
_EMPTY_ELEMENT = re.compile(
    r"<((?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b)[a-zA-Z][\w:-]*+)([^<>]*)/>"
)
# Elements that stay open until they are closed.
_NESTING = re.compile(
    r"<(/?)(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr|p|li|dt|dd|t[dhr]|option)\b)"
    r"[a-zA-Z][\w:-]*"
)
# Metadata field → the names that pages give it, best first.
_META = {
    "author": ("author", "article:author", "dc.creator", "citation_author"),
    "created": ("article:published_time", "date", "dc.date", "dcterms.created", "citation_publication_date"),
    "modified": ("article:modified_time", "last-modified", "dcterms.modified"),
    "description": ("description", "og:description"),
    "keywords": ("keywords",),
}


def load(data: bytes, source: str, limits: Limits) -> list[Document]:
    """One document, `text/markdown`; the title is the page's, or else its first heading."""
    declared = _CHARSET.search(data[:2048])
    # What can be read here is no UTF-16, whatever it declares.
    name = (declared[1] or declared[2]).decode("ascii") if declared else ""
    decoded = decode(data, "" if name.lower().startswith("utf-16") else name)
    page = parse(decoded.text, limits)
    text = _shown(page)
    title = page.css_first("head > title")
    return [
        Document.make(
            text,
            source,
            title=(one_line(title.text())[:300] if title else "") or first_heading(text),
            metadata={**decoded.metadata, **_metadata(page)},
            media_type="text/markdown",
        )
    ]


def html_to_markdown(html: str, limits: Limits) -> str:
    """The content of a page or a fragment as Markdown."""
    return _shown(parse(html, limits))


def xhtml_to_markdown(xhtml: str, limits: Limits, sheet: Callable[[str], str] | None = None) -> str:
    """Same for XHTML, where any element may be closed by `/>`; `sheet` gives the style sheet of a link."""
    page = parse(_EMPTY_ELEMENT.sub(r"<\1\2></\1>", xhtml), limits)
    for link in page.css("link[rel~=stylesheet]") if sheet else ():
        if sheet and (text := sheet(link.attributes.get("href") or "")):
            style = page.create_node("style")
            style.insert_child(text)
            link.replace_with(style)
    return _shown(page)


def _shown(page: LexborHTMLParser) -> str:
    take_out_hidden(page)
    return to_markdown(page.root)


def parse(html: str, limits: Limits) -> LexborHTMLParser:
    """The tree of a page. Raises LoadError for one that the parser cannot hold, or that nests too deeply."""
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    deepest = depth = 0
    for tag in _NESTING.finditer(html):
        depth = max(depth - 1, 0) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    limits.check("max_html_depth", deepest, "levels of HTML elements")
    try:
        return LexborHTMLParser(html)
    except (SelectolaxError, ValueError) as error:
        raise LoadError(f"no readable HTML: {error}") from error


def _metadata(page: LexborHTMLParser) -> dict[str, str]:
    contents: dict[str, str] = {}
    for node in page.css("meta"):
        attributes = node.attributes
        name = (attributes.get("name") or attributes.get("property") or "").lower()
        if name and (content := attributes.get("content")):
            contents.setdefault(name, content)
    root = page.css_first("html")
    values = {
        field: next((contents[name] for name in names if name in contents), "")
        for field, names in _META.items()
    }
    return present(**values, language=(root.attributes.get("lang") or "") if root else "")
