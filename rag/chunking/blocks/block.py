"""A stretch of a document's text that belongs together: what readers of a format yield, and chunkers take."""

from __future__ import annotations

from typing import Literal, NamedTuple

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
