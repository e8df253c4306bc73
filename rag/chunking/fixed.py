"""Windows of so many tokens, cut between words. Knows nothing of structure: the baseline to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.chunking.budget import budget, check
from rag.chunking.cut import word_end
from rag.chunking.tokens import Tokens
from rag.text.lines import strip
from rag.types import Document, Span

if TYPE_CHECKING:
    from rag.chunking import TokenEnds


@dataclass(frozen=True, slots=True)
class Fixed:
    """Token windows. Every character that is not white space lies in one."""

    max_tokens: int = 200  # of title and text together
    overlap: int = 0  # tokens that a window repeats of the one before; half a window at most

    def __post_init__(self) -> None:
        check(self.max_tokens, overlap=self.overlap)

    def __call__(self, document: Document, token_ends: TokenEnds) -> list[Span]:
        """The spans of a document's windows."""
        tokens = Tokens(document.text, token_ends)
        room = budget(document, token_ends, self.max_tokens).room()
        overlap = min(self.overlap, room // 2)
        text = document.text
        spans: list[Span] = []
        position, end = strip(text, 0, len(text))
        while position < end:
            limit = min(tokens.reach(position, room), end)
            stop = limit if limit == end else word_end(text, position, limit)
            start, last = strip(text, position, stop)
            if spans and last <= spans[-1].end:  # a long word left no room to get ahead: begin behind it
                position = max(stop, spans[-1].end)
                continue
            if start < last:
                spans.append(Span(start, last))
            position = stop if stop == end or not overlap else _back(tokens, start, stop, overlap)
        return spans


def _back(tokens: Tokens, start: int, stop: int, overlap: int) -> int:
    """Where the next window begins: `overlap` tokens before `stop`, at a word, and behind `start`."""
    back = tokens.back(stop, overlap)
    position = word_end(tokens.text, start, back) if start < back < stop else stop
    # A word longer than the overlap has no start in reach.
    return position if start < position and tokens.count(position, stop) <= 2 * overlap else stop
