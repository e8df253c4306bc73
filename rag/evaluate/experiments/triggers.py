"""Words that an enemy puts before a planted passage so that an embedder finds it for a question.

For a question q, a passage p and words w of the index, one word is added after another, each time the one
that brings the passage nearest:

    t ← t w,  w = argmax cos(q, w₁ … wₙ w p),  until `LENGTH` words, or until none brings it nearer

The candidates are those `CANDIDATES` words of the `_READ` chunks nearest to q that are nearest to it by
themselves. It asks the very embedder and index that are searched: an enemy who knows the pipeline. Source:
Chen et al., AgentPoison: Red-teaming LLM Agents via Poisoning Memory or Knowledge Bases. Its gradients choose
among all tokens of a model; this search asks the model itself, and needs no gradients.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.embedding import Embedder
from rag.stores import VectorStore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LENGTH = 8
"""Words of a trigger, at most."""
CANDIDATES = 24
_READ = 20
_WORD = re.compile(r"[^\W\d_]{3,}")


class Triggers:
    """Searches triggers with an embedder and the words of an index; what it found it keeps."""

    def __init__(self, embedder: Embedder, store: VectorStore) -> None:
        self._embedder, self._store = embedder, store
        self._found: dict[tuple[str, str], tuple[str, float]] = {}
        self._rows: dict[str, NDArray[np.float32]] = {}

    def found(self, question: str, passage: str) -> tuple[str, float]:
        """The passage with its trigger before it, and its cosine with the question (−1 to 1)."""
        key = (question, passage)
        if key not in self._found:
            self._found[key] = self._searched(question, passage)
        return self._found[key]

    def _searched(self, question: str, passage: str) -> tuple[str, float]:
        asked = self._embedder.embed([question], "query")[0]
        words = self._candidates(asked)
        best, cosine = passage, float(self._cosines([passage], asked)[0])
        trigger: list[str] = []
        for _ in range(LENGTH):
            longer = [" ".join([*trigger, word, passage]) for word in words]
            if not longer:
                break
            near = self._cosines(longer, asked)
            at = int(near.argmax())
            if near[at] <= cosine:
                break
            best, cosine = longer[at], float(near[at])
            trigger.append(words[at])
        return best, cosine

    def _candidates(self, asked: NDArray[np.float32]) -> Sequence[str]:
        """The words that are nearest by themselves, best first, equals in the order of the alphabet."""
        near = self._store.get([hit.chunk_id for hit in self._store.dense(asked, _READ)])
        words = sorted({word.lower() for chunk in near for word in _WORD.findall(chunk.text)})
        new = [word for word in words if word not in self._rows]
        self._rows |= zip(new, self._embedder.embed(new, "document"), strict=True)
        return sorted(words, key=lambda word: -float(self._rows[word] @ asked))[:CANDIDATES]

    def _cosines(self, texts: Sequence[str], asked: NDArray[np.float32]) -> NDArray[np.float32]:
        near: NDArray[np.float32] = self._embedder.embed(texts, "document") @ asked
        return near
