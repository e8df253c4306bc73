"""Quarantines hits that were written to steer the answer: none of them reaches the generator.

A hit goes where one of these holds for its chunk (`poison_signs.py`): it hides characters, gives instructions
to a model, carries the question itself, or is near to everything (z ≥ `near`). What went, and why, stands in
the trace and in the answer's notes. Help pages carry questions honestly, as titles, on lines of their own, in
cells, behind a `Q:`; so by default a copy counts only in running text. Sources: AgentPoison: Red-teaming LLM
Agents via Poisoning Memory or Knowledge Bases; PoisonedRAG.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from functools import cache, lru_cache
from typing import NamedTuple

from rag.embedding import Embedder
from rag.errors import ConfigError
from rag.loaders.invisible import suspicious
from rag.stores import VectorStore
from rag.trace import note_dropped, note_reader
from rag.types import Chunk, Hit, Question

from .poison_signs import Nearness, copy_of, instructs
from .vectors import sample, vectors_of

_BATCH = 1000
NEAR = 6.0
"""Deviations above the mean from which a chunk is near to everything."""
COPIES = ("prose", "all", "none")
# A question as help pages show it: alone on a line or in a cell, or marked as one.
_SHOWN = re.compile(
    r"(?:^|\|)[ \t]*(?:[#>*+•_-]+[ \t]*|\(?\d{1,3}[.):][ \t]*)*"
    r"(?:[^.!?？\n|]*[?？][*_ \t]*(?=\||$)|q(?:uestion)?[ \t]*\d{0,3}[.:)][*_ \t]*[^?？\n|]*[?？])",
    re.MULTILINE | re.IGNORECASE,
)


class Suspect(NamedTuple):
    """A stored chunk that shows a sign, and the sign in words."""

    chunk: Chunk
    why: str


def build(
    store: VectorStore,
    embedder: Embedder,
    copies: str = "prose",
    near: float = 0.0,
    trusted: Sequence[str] = (),
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that drops suspicious hits. `trusted` are patterns of sources that are never suspected.

    `copies` says which copies of the question count: those in running text, all, or none. `near` 0 leaves the
    vectors alone; 6 is a good bound, at the price of one read of the store for every hit. Raises ConfigError
    for another word.
    """
    if copies not in COPIES:
        raise ConfigError(f"copies is {copies!r}, expected one of {', '.join(COPIES)}")

    @cache
    def nearness() -> Nearness:
        return Nearness(sample(store)[1])

    def poison(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        asked = [hit for hit in hits if not _any(hit.chunk.source, trusted)]
        far = [0.0] * len(asked)
        if near:
            far = list(nearness().z(vectors_of(store, embedder, [hit.chunk for hit in asked])))
        signs = {
            hit.chunk.id: _stands_out(hit.chunk, z, near) or _copied(question.text, hit.chunk, copies)
            for hit, z in zip(asked, far, strict=True)
        }
        told: dict[str, str] = {}
        for hit in asked:
            if why := signs[hit.chunk.id]:
                note_dropped(hit, f"quarantined: {why}")
                told.setdefault(hit.chunk.source, why)
        for source, why in told.items():
            note_reader(f"Left out {source}: {why}.")
        return [hit for hit in hits if not signs.get(hit.chunk.id)]

    return poison


def suspects(store: VectorStore, near: float = NEAR, most: int = 100_000) -> Iterator[Suspect]:
    """Stored chunks that hide characters, instruct a model, or are near to everything; reads up to `most`."""
    import numpy as np

    nearness, after = Nearness(sample(store)[1]), ""
    for _ in range(0, most, _BATCH):
        rows = store.scan(after=after, limit=_BATCH)
        if not rows:
            return
        after = rows[-1][0].id
        far = nearness.z(np.array([vector for _, vector in rows], np.float32))
        for (chunk, _), z in zip(rows, far, strict=True):
            if why := _stands_out(chunk, z, near):
                yield Suspect(chunk, why)


def _copied(question: str, chunk: Chunk, copies: str) -> str:
    if copies == "none":
        return ""
    return copy_of(question, chunk.indexed_text if copies == "all" else _SHOWN.sub("\n", chunk.text))


def _stands_out(chunk: Chunk, z: float, near: float) -> str:
    if near and z >= near:
        return f"near to everything, {z:.1f} deviations above the mean"
    return _written(chunk.indexed_text)


@lru_cache(maxsize=4096)
def _written(text: str) -> str:
    return suspicious(text) or instructs(text)


def _any(source: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(source, pattern) for pattern in patterns)
