"""The largest section that fits, sub-sections and all, is one chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.chunking.blocks import blocks
from rag.chunking.budget import budget, check
from rag.chunking.outline import Section, outline
from rag.chunking.structure import section_spans
from rag.chunking.tokens import Tokens
from rag.types import Document, Span

if TYPE_CHECKING:
    from rag.chunking import TokenEnds


@dataclass(frozen=True, slots=True)
class Headings:
    """Chunks by section. A section too long for a chunk gives its own text and then its sub-sections."""

    max_tokens: int = 200  # of context and text together

    def __post_init__(self) -> None:
        check(self.max_tokens)

    def __call__(self, document: Document, token_ends: TokenEnds) -> list[Span]:
        """The spans of a document's chunks."""
        tokens = Tokens(document.text, token_ends)
        limit = budget(document, token_ends, self.max_tokens)
        sections = outline(blocks(document), tokens, limit.cap)
        trees = _trees(sections)
        spans: list[Span] = []
        i = 0
        while i < len(sections):
            section, (after, start, end) = sections[i], trees[i]
            if i and start < end and tokens.count(start, end) <= limit.room(section.label, section.cost):
                spans.append(Span(start, end, section.label))
                i = after
            else:
                spans += section_spans(section, tokens, limit)
                i += 1
        return spans


def _trees(sections: Sequence[Section]) -> list[tuple[int, int, int]]:
    """For each section with all below it: the index behind it, and where its text starts and ends.

    Both offsets are 0 where there is no text. A section's own heading is left to its path.
    """
    trees = [(i + 1, *_own(section)) for i, section in enumerate(sections)]
    for i in range(len(sections) - 1, 0, -1):
        after, start, end = trees[i]
        above = sections[i].parent
        higher, first, last = trees[above]
        if start < end:
            first = first if sections[above].blocks else _heading_start(sections[i], start)
            last = max(last, end)
        trees[above] = (max(higher, after), first, last)
    return trees


def _own(section: Section) -> tuple[int, int]:
    return (section.blocks[0].start, section.end) if section.blocks else (0, 0)


def _heading_start(section: Section, start: int) -> int:
    heading = section.heading
    return heading.start if heading is not None and heading.kind == "heading" else start
