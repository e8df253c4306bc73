"""The token budget of a chunk: its text and the context that is embedded with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import ConfigError
from rag.types import Document

if TYPE_CHECKING:
    from rag.chunking import TokenEnds

SMALLEST = 16  # tokens; below, no heading and hardly a sentence has room


@dataclass(frozen=True, slots=True)
class Budget:
    """`max_tokens` for context and text. The heading path may take a quarter of it, a table's
    repeated header a third of what is left for the text.

    A title longer than another quarter is not counted in full: such chunks may exceed the budget by it.
    """

    max_tokens: int
    title: str = ""
    title_tokens: int = 0

    @property
    def cap(self) -> int:
        """What the heading path may cost at most."""
        return self.max_tokens // 4

    def room(self, heading: str = "", heading_tokens: int = 0) -> int:
        """Tokens left for the text (and the table header repeated with it) under a heading path."""
        # The same rule as Chunk.context: a path that begins with the title does not repeat it.
        title = 0 if heading.startswith(self.title) else self.title_tokens
        return max(self.max_tokens - heading_tokens - title, self.max_tokens // 2)


def budget(document: Document, token_ends: TokenEnds, max_tokens: int) -> Budget:
    """The budget of a document's chunks."""
    return Budget(max_tokens, document.title, len(token_ends(document.title)) if document.title else 0)


def check(max_tokens: int, *, overlap: int = 0, min_tokens: int = 0) -> None:
    """Raise ConfigError unless the settings that the methods share make sense together."""
    if max_tokens < SMALLEST:
        raise ConfigError(f"max_tokens is {max_tokens}: it takes {SMALLEST} at least")
    if not 0 <= overlap < max_tokens:
        raise ConfigError(f"overlap is {overlap}: it lies between 0 and max_tokens ({max_tokens}), exclusive")
    if not 0 <= min_tokens <= max_tokens:
        raise ConfigError(f"min_tokens is {min_tokens}: it lies between 0 and max_tokens ({max_tokens})")
