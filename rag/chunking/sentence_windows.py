"""Whole sentences up to the limit, whatever the document's structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.chunking.blocks.block import Block
from rag.chunking.budget import budget, check
from rag.chunking.cut import cuts
from rag.chunking.pack import Packer
from rag.chunking.tokens import Tokens
from rag.chunking.units import Unit
from rag.text.sentences import sentences
from rag.types import Document, Span

if TYPE_CHECKING:
    from rag.chunking import TokenEnds


@dataclass(frozen=True, slots=True)
class SentenceWindows:
    """Chunks of whole sentences. Every character that is not white space lies in one."""

    max_tokens: int = 200  # of title and text together
    min_tokens: int = 32  # a smaller remainder takes sentences from the chunk before it
    overlap: int = 0  # sentences that a chunk repeats of the one before

    def __post_init__(self) -> None:
        check(self.max_tokens, min_tokens=self.min_tokens, overlap=self.overlap)

    def __call__(self, document: Document, token_ends: TokenEnds) -> list[Span]:
        """The spans of a document's chunks."""
        tokens = Tokens(document.text, token_ends)
        room = budget(document, token_ends, self.max_tokens).room()
        units = sentence_units(Block("paragraph", 0, len(document.text)), tokens, room)
        return Packer(tokens, room, self.min_tokens, self.overlap).pack(units)


def sentence_units(block: Block, tokens: Tokens, room: int) -> list[Unit]:
    """The sentences of a block, each a unit; a sentence longer than `room` tokens is cut."""
    units = []
    for start, end in sentences(tokens.text, block.start, block.end):
        pieces = [(start, end)] if tokens.count(start, end) <= room else cuts(tokens, start, end, room)
        units += [Unit(first, last, prose=True) for first, last in pieces]
    return units
