"""Pulls a question toward the chunks that answered similar questions before.

For the remembered questions s with c(s) = cos(q, s) ≥ `least`, the `most` nearest of them, and the mean unit
row a(s) of the chunks that answered s,

    q' = (1 − pull) q + pull · Σ c(s) a(s) / Σ c(s),  scaled to length 1

is what the dense leg searches with; the lexical leg keeps the question. A question is remembered by
`remember`, when somebody who knows says that it was answered. Idea: RARe: Retrieval Augmented Retrieval with
In-Context Examples, which puts the examples into the query's text; as vectors they cost no training.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rag.counts import counted
from rag.embedding import Embedder
from rag.errors import ConfigError, CorruptError, StoreError
from rag.options import Count, Share
from rag.retrieve.vectors import vectors_of
from rag.stores import VectorStore
from rag.text.lines import json_lines
from rag.trace import note
from rag.types import Query, Question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "solved.jsonl"
MOST = 1000
"""Questions that are looked at, the newest."""


class Solved(NamedTuple):
    """A question, its unit vector, and the ids of the chunks that answered it."""

    question: str
    vector: NDArray[np.float32]
    chunk_ids: tuple[str, ...]


def build(
    index: Path,
    store: VectorStore,
    embedder: Embedder,
    least: Share = 0.8,
    pull: Share = 0.3,
    most: Count = 3,
) -> Callable[[Question], Question]:
    """A stage over the memory in the folder `index`."""

    @cache
    def solved() -> list[Solved]:
        return read(index, embedder)

    def memory(question: Question) -> Question:
        if question.queries or not solved():
            return question
        asked = embedder.embed([question.text], "query")[0]
        ranked = sorted(((float(case.vector @ asked), case) for case in solved()), key=lambda row: -row[0])
        similar = [(cosine, case) for cosine, case in ranked[:most] if cosine >= least]
        note("similar", [{"question": case.question, "cosine": round(cosine, 4)} for cosine, case in similar])
        target = _target(store, embedder, similar)
        if target is None:
            return question
        moved = _unit((1 - pull) * asked + pull * target)
        queries = (
            Query(question.text, leg="dense", vector=moved.tolist()),
            Query(question.text, leg="lexical"),
        )
        return replace(question, queries=queries)

    return memory


def remember(index: Path, embedder: Embedder, question: str, chunk_ids: Sequence[str]) -> None:
    """Appends a solved question to the memory of an index folder.

    Raises ConfigError for an empty question or no chunks, StoreError where the folder cannot be written.
    """
    if not question.strip() or not chunk_ids:
        raise ConfigError(
            f"got {question!r} with {counted(len(chunk_ids), 'chunk')}: "
            "expected a question and what answers it"
        )
    vector = embedder.embed([question], "query")[0].astype("<f4")
    row = {
        "question": question,
        "chunks": list(chunk_ids),
        "embedder": embedder.fingerprint,
        "vector": base64.b64encode(vector.tobytes()).decode(),
    }
    path = index / NAME
    try:
        index.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}): check its permissions") from error


def read(index: Path, embedder: Embedder) -> list[Solved]:
    """The newest questions of the memory; those of another embedder are embedded again.

    Raises CorruptError for a line that is none of its own.
    """
    path = index / NAME
    if not path.exists():
        return []
    solved = []
    for number, line in enumerate(json_lines(path.read_text("utf-8"))[-MOST:], 1):
        try:
            row = json.loads(line)
            vector = _vector(row, embedder)
            solved.append(Solved(row["question"], vector, tuple(row["chunks"])))
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptError(
                f"{path}, line {number}: {error!r}. Remove that line, or the whole file"
            ) from error
    return solved


def _vector(row: dict[str, str], embedder: Embedder) -> NDArray[np.float32]:
    import numpy as np

    if row["embedder"] != embedder.fingerprint:
        again: NDArray[np.float32] = embedder.embed([row["question"]], "query")[0]
        return again
    vector: NDArray[np.float32] = np.frombuffer(base64.b64decode(row["vector"], validate=True), "<f4").astype(
        np.float32
    )
    if vector.shape != (embedder.dim,):
        raise ValueError(f"a vector of {len(vector)} numbers, expected {embedder.dim}")
    return vector


def _target(
    store: VectorStore, embedder: Embedder, similar: Sequence[tuple[float, Solved]]
) -> NDArray[np.float32] | None:
    """Σ c(s) a(s) / Σ c(s), over questions of which a chunk is still stored; None where there is none."""
    parts = []
    for cosine, case in similar:
        chunks = store.get(list(case.chunk_ids))
        if chunks:
            parts.append((cosine, vectors_of(store, embedder, chunks).mean(axis=0)))
    total = sum(cosine for cosine, _ in parts)
    if not total:
        return None
    target: NDArray[np.float32] = sum(cosine * row for cosine, row in parts) / total
    return target


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    scaled: NDArray[np.float32] = vector / (float(np.linalg.norm(vector)) or 1.0)
    return scaled
