"""Pages joined into one text, with the offsets at which they begin."""

from __future__ import annotations

from dataclasses import dataclass, field

SEPARATOR = "\n\n"


@dataclass(slots=True)
class Pages:
    """Collects the texts of pages. A page without text still counts, so that page numbers hold."""

    starts: list[int] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _length: int = 0

    def add(self, page: str) -> None:
        """Appends a page, a blank line between it and text before it."""
        piece = SEPARATOR + page if page and self._length else page
        self._pieces.append(piece)
        self._length += len(piece)
        self.starts.append(self._length - len(page))

    @property
    def text(self) -> str:
        """All pages so far: page i + 1 is `text[starts[i]:starts[i + 1]]`, less the blank line behind it."""
        return "".join(self._pieces)
