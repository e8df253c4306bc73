"""Do two stores hold the same documents, and do searches find the same in both?"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from rag.stores import VectorStore, Where
from rag.types import Chunk

from .copying import contents

SEARCHES = 20
"""Documents drawn at random; a chunk of each is asked for by its vector and by its first words."""
K = 10
ENOUGH = 0.9
"""Share of the nearest chunks that both must agree on. Vectors kept in half precision may swap near ties."""
_WORDS = 12


class Check(NamedTuple):
    """What the comparison found. `dense` and `lexical` are the mean shares of hits that both stores name."""

    documents: int
    chunks: int
    differing: int
    more: int
    searches: int
    dense: float
    lexical: float
    vectors: float

    @property
    def passed(self) -> bool:
        """Every document is there with its content, and searches by vector agree."""
        return self.differing == 0 and (self.searches == 0 or self.dense >= ENOUGH)


def check(source: VectorStore, target: VectorStore, seed: int = 0) -> Check:
    """Compares documents by content hash and number of chunks, vectors by value, and searches by their hits.

    Where the target holds more documents than the source, searches are not comparable and are left out.
    `vectors` is the largest difference of a component.
    """
    ours, theirs = contents(source), contents(target)
    differing = sum(theirs.get(name) != content for name, content in ours.items())
    more = len(theirs.keys() - ours.keys())
    counts = (len(ours), sum(chunks for _, chunks in ours.values()), differing, more)
    if differing or more or not counts[1]:
        return Check(*counts, 0, 1.0, 1.0, 0.0)
    drawn = _drawn([name for name, (_, chunks) in ours.items() if chunks], seed)
    rows = [_first(source, document) for document in drawn]
    there = [_first(target, document) for document in drawn]
    apart = max(float(abs(row[1] - other[1]).max()) for row, other in zip(rows, there, strict=True))
    dense = [_agree(source.dense(vector, K), target.dense(vector, K)) for _, vector in rows]
    texts = [" ".join(chunk.text.split()[:_WORDS]) for chunk, _ in rows]
    lexical = [_agree(source.lexical(text, K), target.lexical(text, K)) for text in texts]
    return Check(*counts, len(rows), _mean(dense), _mean(lexical), apart)


def _drawn(documents: list[str], seed: int) -> list[str]:
    return random.Random(seed).sample(documents, min(SEARCHES, len(documents)))


def _first(store: VectorStore, document: str) -> tuple[Chunk, Any]:
    """The document's chunk of the lowest id, with its vector."""
    return store.scan(limit=1, where=Where("document_id", "=", document))[0]


def _agree(left: list[Any], right: list[Any]) -> float:
    """The share of hits that both name; hits that tie at the end of either list count as agreeing."""
    if not left and not right:
        return 1.0
    ours, theirs = {hit.chunk_id for hit in left}, {hit.chunk_id for hit in right}
    last: float = min(left[-1].score, right[-1].score) if left and right else 0.0
    ties = sum(hit.chunk_id not in theirs and abs(hit.score - last) < 1e-3 for hit in left)
    share: float = (len(ours & theirs) + ties) / max(len(ours), len(theirs))
    return min(1.0, share)


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 1.0
