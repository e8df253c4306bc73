"""Cuts where the meaning changes: where neighbouring groups of sentences are least alike.

For sentences s_1 … s_n of a document, g_i is the text of s_{i-w} … s_{i+w} within its section, and
sim_i = g_i · g_{i+1}. A chunk ends after s_i where sim_i is below the given percentile of all sim.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.chunking.blocks import blocks
from rag.chunking.budget import budget, check
from rag.chunking.outline import outline
from rag.chunking.pack import Packer
from rag.chunking.sentence_windows import sentence_units
from rag.chunking.tokens import Tokens
from rag.chunking.units import Unit, units
from rag.errors import ConfigError
from rag.types import Document, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.chunking import TokenEnds

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Semantic:
    """Chunks by change of meaning, within sections. `embed` gives unit rows, shape (len(texts), dim)."""

    embed: Embed = field(repr=False)
    max_tokens: int = 200  # of context and text together
    min_tokens: int = 32  # no cut leaves a chunk smaller than this if it can join the next
    percentile: float = 15.0  # of the similarities: lower cuts less often
    window: int = 1  # sentences on each side that are embedded with one

    def __post_init__(self) -> None:
        check(self.max_tokens, min_tokens=self.min_tokens)
        if not 0 <= self.percentile <= 100:
            raise ConfigError(f"percentile is {self.percentile}: it lies between 0 and 100")
        if self.window < 0:
            raise ConfigError(f"window is {self.window}: it counts sentences, 0 or more")

    def __call__(self, document: Document, token_ends: TokenEnds) -> list[Span]:
        """The spans of a document's chunks. Calls `embed` once."""
        tokens = Tokens(document.text, token_ends)
        limit = budget(document, token_ends, self.max_tokens)
        sections = [section for section in outline(blocks(document), tokens, limit.cap) if section.blocks]
        rooms = [limit.room(section.label, section.cost) for section in sections]
        runs = [
            [
                unit
                for block in section.blocks
                for unit in (
                    sentence_units(block, tokens, room)
                    if block.kind == "paragraph"
                    else units(block, tokens, room)
                )
            ]
            for section, room in zip(sections, rooms, strict=True)
        ]
        cuts = self._cuts(document.text, runs)
        spans: list[Span] = []
        for section, room, run in zip(sections, rooms, runs, strict=True):
            packer = Packer(tokens, room, self.min_tokens)
            marked = [unit._replace(fresh=unit.start in cuts) for unit in run]
            spans += packer.pack(marked, section.label)
        return spans

    def _cuts(self, text: str, runs: Sequence[Sequence[Unit]]) -> set[int]:
        """The offsets of the units that a new meaning begins with."""
        import numpy as np

        places = [(run, i) for run in runs for i in range(len(run))]
        inner = np.array([i > 0 for _, i in places[1:]], dtype=bool)
        if not inner.any():
            return set()
        vectors = np.asarray(self.embed([self._group(text, run, i) for run, i in places]))
        alike = np.einsum("ij,ij->i", vectors[:-1], vectors[1:])
        low = (alike < np.percentile(alike[inner], self.percentile)) & inner
        return {run[i].start for run, i in (places[at + 1] for at in np.flatnonzero(low))}

    def _group(self, text: str, run: Sequence[Unit], i: int) -> str:
        return text[run[max(i - self.window, 0)].start : run[min(i + self.window, len(run) - 1)].end]
