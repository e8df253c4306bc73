"""Fits a map of query vectors in closed form: ridge regression towards what answers, away from what does not.

For question i with the unit vector q, the mean p of its positives (of its targets by their weights, where it
has some: `preference.py`) and n of its hard negatives, the target is

    t = unit(p − β n),        and the map's change D of the identity solves

    min_D  Σ ‖q + D [q; 1] − t‖² + λ ‖D‖²        D = (T − Q)ᵀ Q̃ (Q̃ᵀ Q̃ + λ I)⁻¹,  Q̃ = [Q, 1]

    M = [I, 0] + s D                              s = 0 is the identity

so a large λ and a small s shrink it to the identity. β, λ and s are chosen by cross-validation over
documents: the questions of a document are all learned from or all measured on. The measure is nDCG@10 of the
two legs fused as the index fuses them, over a pool of the positives, the negatives and a sample of the index;
the identity is one of the choices, and wins ties. Source: Hoerl and Kennard, Ridge Regression; the shrinking
towards a given matrix is that of generalised ridge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.indexes import fuse
from rag.progress import Progress, Watcher
from rag.retrieve.query_map import QueryMap
from rag.retrieve.vectors import sample, vectors_of
from rag.types import Chunk, stable_id

from .pairs import Pair

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.pipeline.pipeline import Pipeline

FOLDS = 5
_BETAS = (0.0, 0.5, 1.0)
_LAMBDAS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_STEPS = (0.25, 0.5, 1.0)
_FINALISTS = 6  # choices by the dense leg alone that are measured fused
_MOST = 400  # questions that are measured fused
_DEPTH = 100
_TOP = 10


class Choice(NamedTuple):
    """β, λ and s, and the nDCG@10 of each question in cross-validation."""

    beta: float
    ridge: float
    step: float
    mean: float


class Fitted(NamedTuple):
    """The map, how it was chosen, and the cross-validated nDCG@10 beside that of the identity."""

    query_map: QueryMap
    chosen: Choice
    identity: float

    @property
    def options(self) -> dict[str, Any]:
        """JSON values for the card."""
        return {
            "method": "adapter",
            "beta": self.chosen.beta,
            "lambda": self.chosen.ridge,
            "step": self.chosen.step,
            "cross_validated": round(self.chosen.mean, 4),
            "cross_validated_before": round(self.identity, 4),
        }


class Table(NamedTuple):
    """What the fit works on: unit rows, and where the positives of a question are in the pool.

    `asked` (n, d), `positive` and `negative` (n, d) means, `pool` (m, d), `relevant` position → gain,
    `lexical` position → BM25 score, `groups` (n,) fold of each question.
    """

    asked: NDArray[np.float32]
    positive: NDArray[np.float32]
    negative: NDArray[np.float32]
    pool: NDArray[np.float32]
    relevant: list[dict[int, float]]
    lexical: list[list[tuple[int, float]]]
    groups: NDArray[np.int64]


def fit(rag: Pipeline, pairs: Sequence[Pair], report: Watcher | None = None) -> Fitted:
    """The map for these pairs. It is the identity where cross-validation finds nothing better."""
    table = tabulated(rag, pairs, report)
    weights = (rag.settings.search.dense_weight, rag.settings.search.lexical_weight)
    chosen, identity = choose(table, rag.settings.search.fusion, weights)
    matrix = solve(table, chosen) if chosen.step else _identity(table.asked.shape[1])
    return Fitted(QueryMap(matrix), chosen, identity)


def tabulated(rag: Pipeline, pairs: Sequence[Pair], report: Watcher | None = None) -> Table:
    """Vectors and lexical scores of the pairs; the lexical leg is asked once a question."""
    import numpy as np

    chunks: dict[str, Chunk] = {}
    for pair in pairs:
        chunks |= {chunk.id: chunk for chunk in (*pair.positives, *pair.negatives)}
    rows = vectors_of(rag.store, rag.embedder, list(chunks.values()))
    others, more = sample(rag.store)
    place = {chunk_id: number for number, chunk_id in enumerate(chunks)}
    new = [number for number, chunk in enumerate(others) if chunk.id not in place]
    place |= {others[number].id: len(rows) + at for at, number in enumerate(new)}
    pool = np.concatenate([rows, more[new]]) if new else rows
    asked = rag.embedder.embed([pair.case.question for pair in pairs], "query")
    positive, negative, relevant, lexical = [], [], [], []
    for number, pair in enumerate(pairs, 1):
        at = [place[chunk.id] for chunk in pair.positives]
        targets = {place[chunk.id]: weight for chunk, weight in pair.targets} or dict.fromkeys(
            at, 1 / len(at)
        )
        against = [place[chunk.id] for chunk in pair.negatives if place[chunk.id] not in targets]
        positive.append(np.array(list(targets.values()), np.float32) @ pool[list(targets)])
        negative.append(pool[against].mean(axis=0) if against else np.zeros(pool.shape[1], np.float32))
        relevant.append(dict(zip(at, pair.gains, strict=True)))
        worded = rag.store.lexical(pair.case.question, _DEPTH)
        lexical.append([(place[hit.chunk_id], hit.score) for hit in worded if hit.chunk_id in place])
        if report and number % 50 == 0:
            report(Progress("fitting", number, len(pairs)))
    folds = [int(stable_id("fold", pair.home)[:8], 16) % FOLDS for pair in pairs]
    return Table(
        asked,
        np.array(positive, np.float32),
        np.array(negative, np.float32),
        pool,
        relevant,
        lexical,
        np.array(folds),
    )


def choose(table: Table, fusion: str, weights: tuple[float, float]) -> tuple[Choice, float]:
    """The best choice by cross-validation, and what the identity has; the identity where it is the best."""
    import numpy as np

    choices = [(b, r, s) for b in _BETAS for r in _LAMBDAS for s in _STEPS]
    moved: dict[tuple[float, float, float], NDArray[np.float32]] = {}
    n = len(table.asked)
    for fold in range(FOLDS):
        out = table.groups == fold
        if not out.any() or out.all():
            continue
        solved = _solutions(table, ~out)
        for beta, ridge, step in choices:
            rows = moved.setdefault((beta, ridge, step), table.asked.copy())
            rows[out] = _mapped(table.asked[out], solved[beta, ridge], step)
    first = list(range(0, n, max(1, n // _MOST)))[:_MOST]

    def alone(rows: NDArray[np.float32]) -> float:
        return float(np.mean([_ndcg(_dense(row, table), gains) for row, gains in _shown(rows, table, first)]))

    def fused(rows: NDArray[np.float32]) -> float:
        scores = []
        for number in first:
            legs = [_dense(rows[number], table), table.lexical[number]]
            scores.append(_ndcg(fuse(fusion, legs, weights), table.relevant[number]))
        return float(np.mean(scores))

    finalists = sorted(moved, key=lambda choice: -alone(moved[choice]))[:_FINALISTS]
    identity = fused(table.asked)
    best = Choice(0.0, 0.0, 0.0, identity)
    for beta, ridge, step in finalists:
        mean = fused(moved[beta, ridge, step])
        if mean > best.mean:
            best = Choice(beta, ridge, step, mean)
    return best, identity


def solve(table: Table, choice: Choice) -> NDArray[np.float32]:
    """M of shape (d, d + 1), from all questions."""
    import numpy as np

    every = np.ones(len(table.asked), bool)
    change = _solutions(table, every)[choice.beta, choice.ridge]
    matrix: NDArray[np.float32] = _identity(table.asked.shape[1]) + choice.step * change
    return matrix.astype(np.float32)


def _solutions(table: Table, which: NDArray[np.bool_]) -> Mapping[tuple[float, float], NDArray[np.float32]]:
    """(β, λ) → D, from one eigendecomposition of the Gram matrix of the questions."""
    import numpy as np

    q = table.asked[which].astype(np.float64)
    design = np.hstack([q, np.ones((len(q), 1))])
    values, vectors = np.linalg.eigh(design.T @ design)
    solved = {}
    for beta in _BETAS:
        target = table.positive[which] - beta * table.negative[which]
        target = target / np.maximum(np.linalg.norm(target, axis=1, keepdims=True), 1e-9)
        side = (target - q).T @ design @ vectors
        for ridge in _LAMBDAS:
            solved[beta, ridge] = ((side / (np.maximum(values, 0) + ridge)) @ vectors.T).astype(np.float32)
    return solved


def _mapped(rows: NDArray[np.float32], change: NDArray[np.float32], step: float) -> NDArray[np.float32]:
    return QueryMap(_identity(rows.shape[1]) + step * change)(rows)


def _identity(dim: int) -> NDArray[np.float32]:
    import numpy as np

    return np.hstack([np.eye(dim, dtype=np.float32), np.zeros((dim, 1), np.float32)])


def _shown(
    rows: NDArray[np.float32], table: Table, which: Sequence[int]
) -> list[tuple[NDArray[np.float32], dict[int, float]]]:
    return [(rows[number], table.relevant[number]) for number in which]


def _dense(row: NDArray[np.float32], table: Table) -> list[tuple[int, float]]:
    """The first of the pool for one query, best first."""
    import numpy as np

    scores = table.pool @ row
    depth = min(_DEPTH, len(scores))
    top = np.argpartition(-scores, depth - 1)[:depth]
    top = top[np.argsort(-scores[top], kind="stable")]
    return list(zip(top.tolist(), scores[top].tolist(), strict=True))


def _ndcg(ranking: Sequence[tuple[int, float]], gains: Mapping[int, float]) -> float:
    from rag.evaluate.measures.ranking import ndcg

    names = {str(place): gain for place, gain in gains.items()}
    return ndcg([str(place) for place, _ in ranking[:_TOP]], names, _TOP)
