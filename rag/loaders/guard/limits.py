"""How much a loader may read, expand and return. One place, so that hostile files meet the same walls."""

from __future__ import annotations

from dataclasses import dataclass

from rag.errors import LoadError

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Walls for one file. What goes over one is a LoadError that names the field to raise."""

    max_bytes: int = 256 * MIB
    """Size of the file itself."""
    max_chars: int = 100_000_000
    """Characters of text taken from one file, over all its documents."""
    max_documents: int = 1_000_000
    """Documents in one file: lines of JSONL, messages of a mailbox."""
    max_archive_bytes: int = 1024 * MIB
    """What the members of a ZIP-based file (DOCX, XLSX, EPUB, …) may unpack to, together."""
    max_archive_ratio: int = 200
    """How far one member may expand. Looked at from 8 MiB up: small members repeat a lot honestly."""
    max_archive_members: int = 50_000
    """Members of a ZIP-based file."""
    max_xml_depth: int = 256
    """Nesting of XML elements. Word processors stay below 60."""
    max_xml_elements: int = 3_000_000
    """Elements of one XML part: some 3,000 pages of a word processor."""
    max_html_depth: int = 10_000
    """Nesting of HTML elements that have to be closed. Parsing time grows with its square."""
    max_pages: int = 20_000
    """PDF pages, slides, sheets, chapters."""
    max_cells: int = 20_000_000
    """Cells of the rectangle that a sheet's used range spans, empty ones counted."""
    max_nesting: int = 3
    """Documents inside documents: an attachment of an attached mail."""

    def check(self, field: str, got: int, what: str) -> None:
        """Raises LoadError where `got` is over the limit called `field`; `what` names the thing counted."""
        limit: int = getattr(self, field)
        if got > limit:
            raise LoadError(
                f"too large: {got:,} {what}, at most {limit:,} are read; "
                f"split the file or raise Limits.{field}"
            )
