"""A document as a flat run of blocks, by its media type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from rag.types import Document

Kind = Literal["heading", "scope", "paragraph", "list", "table", "rows", "code"]


class Block(NamedTuple):
    """A stretch of a document's text that belongs together; start and end are stripped of whitespace.

    `heading` opens a section of `level` (1 is the outermost) named `title`; its line is no chunk's text
    while a chunk's path shows it. `scope` does the same for code, where the line stays in the text: start
    and end then mark the name alone, and an empty title leads back out. `head_end` ends the part of a
    table (`table`: of lines, `rows`: of delimited values) that names its columns, 0 where nothing does.
    """

    kind: Kind
    start: int
    end: int
    level: int = 0
    title: str = ""
    head_end: int = 0


def blocks(document: Document) -> list[Block]:
    """The blocks of a document, ascending and apart. What lies in none is blank or only markup."""
    return parser(document.media_type)(document.text)


def parser(media_type: str) -> Callable[[str], list[Block]]:
    """What reads texts of a media type. A type that is not known is read as plain text."""
    from . import code, markdown, plain, rows, rst

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
