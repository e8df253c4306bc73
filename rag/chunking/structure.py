"""The default method: what the author kept together stays together.

Blocks fill a chunk up to `max_tokens` and never cross a heading, save where tiny sections of one parent
share a chunk (`gather.py`). A paragraph too long for a chunk is split at sentences, a table between rows
(each part repeats the column names as `header`), a list between items, code at blank lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.chunking.blocks import blocks
from rag.chunking.budget import Budget, budget, check
from rag.chunking.gather import gather
from rag.chunking.outline import Section, outline
from rag.chunking.pack import Packer
from rag.chunking.tokens import Tokens
from rag.chunking.units import units
from rag.types import Document, Span

if TYPE_CHECKING:
    from rag.chunking import TokenEnds


@dataclass(frozen=True, slots=True)
class Structure:
    """Chunks by the document's own structure."""

    max_tokens: int = 200  # of context and text together
    min_tokens: int = 32  # smaller sections and remainders join a neighbour
    overlap: int = 0  # sentences that a chunk repeats of the one before, within a section

    def __post_init__(self) -> None:
        check(self.max_tokens, min_tokens=self.min_tokens, overlap=self.overlap)

    def __call__(self, document: Document, token_ends: TokenEnds) -> list[Span]:
        """The spans of a document's chunks."""
        tokens = Tokens(document.text, token_ends)
        limit = budget(document, token_ends, self.max_tokens)
        sections = outline(blocks(document), tokens, limit.cap)
        spans: list[Span] = []
        for group in gather(sections, tokens, limit, self.min_tokens):
            if group.single:
                spans += section_spans(sections[group.first], tokens, limit, self.min_tokens, self.overlap)
            else:
                spans.append(Span(group.start, group.end, sections[group.home].label))
        return spans


def section_spans(
    section: Section, tokens: Tokens, limit: Budget, min_tokens: int = 0, overlap: int = 0
) -> list[Span]:
    """The chunks of one section's own text."""
    room = limit.room(section.label, section.cost)
    pieces = (unit for block in section.blocks for unit in units(block, tokens, room))
    return Packer(tokens, room, min_tokens, overlap).pack(pieces, section.label)


@dataclass(frozen=True, slots=True)
class Code(Structure):
    """Chunks by function and class, whatever the document's media type says it is."""

    def __call__(self, document: Document, token_ends: TokenEnds) -> list[Span]:
        """The spans of a source file's chunks."""
        code = document.media_type.startswith("text/x-") and document.media_type != "text/x-rst"
        media_type = document.media_type if code else "text/x-source"
        return Structure.__call__(self, replace(document, media_type=media_type), token_ends)
