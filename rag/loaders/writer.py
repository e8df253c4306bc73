"""Blocks → Markdown: keeps track of lists, quotes and the blank lines between blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_DEPTH = 12
# What would turn a line of a paragraph into a heading or a fence.
_OPENS_BLOCK = re.compile(r"^(?=#{1,6}\s|```|~~~)")
_FENCES = re.compile(r"`{3,}")


@dataclass(slots=True)
class Writer:
    """Collects blocks in reading order; `text()` is the Markdown.

    Each list item or quotation that is open adds a prefix to every line: what its first line begins
    with, and what the others do.
    """

    _out: list[str] = field(default_factory=list)
    _first: list[str] = field(default_factory=list)
    _rest: list[str] = field(default_factory=list)
    _marked: bool = False
    _after_item: bool = False
    _settled: int = 0  # how many of the open prefixes the last block had, too

    def paragraph(self, text: str) -> None:
        """Writes a paragraph, whose lines stay as they are."""
        if text:
            self._block([_OPENS_BLOCK.sub(r"\\", line) for line in text.split("\n")])

    def heading(self, level: int, text: str) -> None:
        """Writes a heading; within a list or a quotation it is a paragraph, for it would end them."""
        line = " ".join(text.split())
        if line and self._rest:
            self.paragraph(line)
        elif line:
            self._block(["#" * level + " " + line])

    def code(self, text: str, language: str = "") -> None:
        """Writes a fenced block, its fence longer than any within."""
        fence = "`" * (max((len(run) for run in _FENCES.findall(text)), default=2) + 1)
        self._block([fence + language, *text.split("\n"), fence])

    def verbatim(self, block: str) -> None:
        """Writes Markdown, such as a table, as it is."""
        if block:
            self._block(block.split("\n"))

    def enter_item(self, marker: str) -> None:
        """Begins a list item: its first block stands behind the marker, the others below, indented."""
        self._enter(marker, " " * len(marker))
        self._marked = True

    def enter_quote(self) -> None:
        """Begins a quotation."""
        self._enter("> ", "> ")

    def leave(self) -> None:
        """Ends the innermost list item or quotation; an empty one leaves nothing."""
        self._first.pop()
        self._rest.pop()
        self._marked = False
        self._settled = min(self._settled, len(self._rest))

    def end_list(self) -> None:
        """Ends a list: the next one does not continue it."""
        self._after_item = bool(self._rest)

    def text(self) -> str:
        """All blocks so far."""
        return "".join(self._out)

    def _enter(self, first: str, rest: str) -> None:
        deep = len(self._rest) >= MAX_DEPTH
        self._first.append("" if deep else first)
        self._rest.append("" if deep else rest)

    def _block(self, lines: list[str]) -> None:
        first, rest = "".join(self._first), "".join(self._rest)
        if self._out:
            # Items of one list follow each other without a blank line.
            between = "".join(self._rest[: self._settled]).rstrip()
            self._out.append("\n" if self._marked and self._after_item else f"\n{between}\n")
        self._out.append((first + lines[0]).rstrip())
        self._out.extend("\n" + (rest + line).rstrip() for line in lines[1:])
        self._first = list(self._rest)
        self._marked = False
        self._settled = len(self._rest)
        self._after_item = any(prefix != "> " for prefix in self._rest)
