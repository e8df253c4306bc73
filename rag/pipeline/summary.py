"""A summary of documents in their own sentences, each cited: what stands for the most, and says it once.

For the sentences and items s of the documents, with unit vectors and their mean c, sentences are taken one
after another, each time the one with the highest

    λ cos(s, c) − (1 − λ) max cos(s, t),  t among those taken,  λ = .7

and shown in the order of the documents. One with cos(s, t) ≥ .95 is never taken. Of more than `_MOST`
sentences so many are looked at, evenly spread.
Sources: Radev and others, Centroid-based summarization of multiple documents; Carbonell and Goldstein, The
Use of MMR.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rag.errors import ConfigError
from rag.reading.units import Unit, units
from rag.stores import Filter, VectorStore, Where
from rag.types import Answer, Chunk, Hit, Question, Quote

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .parts import Parts

_MOST = 600
_RELEVANCE = 0.7
_SAME = 0.95
_WORDS = 5  # that a sentence has at least
_PAGE = 1000


def summarize(rag: Parts, sources: Iterable[str], where: Filter | None, sentences: int) -> Answer:
    """The summary of the documents of these sources, and of those of which a chunk matches `where`.

    Raises ConfigError where a source is not in the index, and where nothing is left to sum up.
    """
    from rag.ground.cite import cite

    if sentences < 1:
        raise ConfigError(f"sentences is {sentences}, expected at least 1")
    hits = [Hit(chunk, 1.0) for chunk in _chunks(rag.store, list(dict.fromkeys(sources)), where)]
    candidates = [unit for place, hit in enumerate(hits) for unit in units(place, hit) if _says(unit)]
    step = max(1, -(-len(candidates) // _MOST))
    candidates = candidates[::step]
    if not candidates:
        raise ConfigError("there is nothing to sum up: what was named has no sentence")
    rows = rag.embedder.embed([unit.view for unit in candidates], "document")
    taken = chosen(rows, sentences)
    quotes = [
        Quote(
            candidates[at].place,
            candidates[at].start,
            candidates[at].end,
            score,
            item=candidates[at].kind == "item",
        )
        for at, score in sorted(taken.items())
    ]
    pages = _pages(rag.store, hits)
    return cite(Question("summary"), quotes, hits, lambda document: pages.get(document, ()))


def chosen(rows: NDArray[np.float32], most: int) -> dict[int, float]:
    """Place → cos(s, c) of the sentences that are taken, in the order in which they are."""
    import numpy as np

    mean = rows.mean(axis=0)
    near = rows @ (mean / (float(np.linalg.norm(mean)) or 1.0))
    taken: dict[int, float] = {}
    said = np.zeros(len(rows), np.float32)
    while len(taken) < most:
        score = np.where(said < _SAME, _RELEVANCE * near - (1 - _RELEVANCE) * said, -np.inf)
        best = int(score.argmax())
        if score[best] == -np.inf:
            break
        taken[best] = float(near[best])
        said = np.maximum(said, rows @ rows[best])
    return taken


def _says(unit: Unit) -> bool:
    return unit.kind in ("sentence", "item") and len(unit.view.split()) >= _WORDS


def _chunks(store: VectorStore, sources: Sequence[str], where: Filter | None) -> list[Chunk]:
    """The chunks of the documents, as they stand in them."""
    filters: list[Filter] = [] if where is None else [where]
    for source in sources:
        named = Where("source", "=", source)
        if not list(store.documents(named)):
            raise ConfigError(f"{source} is not in the index: `rag ls` shows what is")
        filters.append(named)
    chunks = {chunk.id: chunk for condition in filters for chunk in _scanned(store, condition)}
    return sorted(chunks.values(), key=lambda chunk: (chunk.source, chunk.start))


def _scanned(store: VectorStore, where: Filter) -> Iterator[Chunk]:
    after = ""
    while rows := store.scan(after, _PAGE, where):
        yield from (chunk for chunk, _ in rows)
        after = rows[-1][0].id


def _pages(store: VectorStore, hits: Sequence[Hit]) -> dict[str, tuple[int, ...]]:
    documents = store.load(list(dict.fromkeys(hit.chunk.document_id for hit in hits)))
    return {document.id: document.pages for document in documents}
