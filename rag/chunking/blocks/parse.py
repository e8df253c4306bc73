"""A document as a flat run of blocks, by its media type."""

from __future__ import annotations

from collections.abc import Callable

from rag.types import Document

from . import code, markdown, plain, rows, rst
from .block import Block


def blocks(document: Document) -> list[Block]:
    """The blocks of a document, ascending and apart. What lies in none is blank or only markup."""
    return parser(document.media_type)(document.text)


def parser(media_type: str) -> Callable[[str], list[Block]]:
    """What reads texts of a media type. A type that is not known is read as plain text."""
    kind = media_type.partition(";")[0].strip().lower()
    known: dict[str, Callable[[str], list[Block]]] = {
        "text/markdown": markdown.markdown_blocks,
        "text/x-markdown": markdown.markdown_blocks,
        "text/x-rst": rst.rst_blocks,
        "text/prs.fallenstein.rst": rst.rst_blocks,
        "text/csv": rows.row_blocks,
        "text/tab-separated-values": rows.row_blocks,
        "application/json": code.line_blocks,
        "application/x-ndjson": code.line_blocks,
        "text/x-python": code.python_blocks,
    }
    if kind in known:
        return known[kind]
    return code.code_blocks if kind.startswith("text/x-") else plain.plain_blocks
