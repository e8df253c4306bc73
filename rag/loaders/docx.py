"""DOCX: mammoth turns it into HTML, the HTML walker into Markdown."""

from __future__ import annotations

import io
from typing import Any

from rag.errors import LoadError
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.office import core_properties
from rag.loaders.guard.xml import parse_xml
from rag.loaders.html.loader import html_to_markdown
from rag.loaders.markdown import first_heading
from rag.types import Document

# Beyond mammoth's own map, which knows `Heading 1` to `Heading 6`.
STYLE_MAP = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='Source Code'] => pre:separator('\\n')
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
"""


def load(data: bytes, source: str, limits: Limits) -> list[Document]:
    """One document, `text/markdown`, with the core properties as metadata."""
    with Archive(data, ".docx", limits) as archive:
        title, metadata = core_properties(archive, limits)
        # mammoth parses with the standard library's XML: what it will read is checked here first.
        for name in archive.names():
            if name.endswith((".xml", ".rels")):
                parse_xml(archive.read(name), name, limits)
    text = html_to_markdown(_html(data), limits)
    return [
        Document.make(
            text, source, title=title or first_heading(text), metadata=metadata, media_type="text/markdown"
        )
    ]


def _html(data: bytes) -> str:
    import mammoth

    try:
        result = mammoth.convert_to_html(
            io.BytesIO(data), style_map=STYLE_MAP, convert_image=_no_image, include_embedded_style_map=False
        )
    except RecursionError:
        raise
    except Exception as error:  # its parser lets KeyError, ValueError and others through
        raise LoadError(f"a broken .docx file: {error}; open and save it again in its program") from error
    return str(result.value)


def _no_image(image: Any) -> list[Any]:
    return []
