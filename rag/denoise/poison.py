"""Quarantines hits that were written to steer the answer: none of them reaches the generator.

A hit goes where one of these holds for its chunk (`poison_signs.py`): it hides characters, gives instructions
to a model, carries the question itself, or is near to everything (z ≥ `near`). What went, and why, stands in
the trace. A page of frequent questions carries them honestly: `faq` lets a copy pass that stands on a line of
its own. Sources: AgentPoison: Red-teaming LLM Agents via Poisoning Memory or Knowledge Bases; PoisonedRAG.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from functools import cache, lru_cache
from typing import NamedTuple

from rag.embedding import Embedder
from rag.loaders.invisible import suspicious
from rag.stores import VectorStore
from rag.trace import note_dropped
from rag.types import Chunk, Hit, Question

from .poison_signs import Nearness, copies, instructs
from .vectors import sample, vectors_of

_BATCH = 1000
NEAR = 6.0
"""Deviations above the mean from which a chunk is near to everything."""


class Suspect(NamedTuple):
    """A stored chunk that shows a sign, and the sign in words."""

    chunk: Chunk
    why: str


def build(
    store: VectorStore,
    embedder: Embedder,
    faq: bool = False,
    near: float = NEAR,
    trusted: Sequence[str] = (),
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that drops suspicious hits. `trusted` are patterns of sources that are never suspected."""

    @cache
    def nearness() -> Nearness:
        return Nearness(sample(store)[1])

    def poison(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        far = nearness().z(vectors_of(store, embedder, [hit.chunk for hit in hits]))
        kept = []
        for hit, z in zip(hits, far, strict=True):
            why = "" if _any(hit.chunk.source, trusted) else _why(question.text, hit.chunk, z, near, faq)
            if why:
                note_dropped(hit, f"quarantined: {why}")
            else:
                kept.append(hit)
        return kept

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


def _why(question: str, chunk: Chunk, z: float, near: float, faq: bool) -> str:
    return _stands_out(chunk, z, near) or copies(
        question, _running(chunk.text) if faq else chunk.indexed_text
    )


def _stands_out(chunk: Chunk, z: float, near: float) -> str:
    if z >= near:
        return f"near to everything, {z:.1f} deviations above the mean"
    return _written(chunk.indexed_text)


@lru_cache(maxsize=4096)
def _written(text: str) -> str:
    return suspicious(text) or instructs(text)


def _running(text: str) -> str:
    """The text without lines that are one question: headings of a page of frequent questions."""
    return re.sub(r"^[^.!?\n]*\?[*_ \t]*$", "", text, flags=re.MULTILINE)


def _any(source: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(source, pattern) for pattern in patterns)
