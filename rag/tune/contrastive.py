"""Trains a text encoder on pairs: a question nearer to its passage than to all others of the batch.

For question i of a batch with the passages d, its own positive d_i among them, and sim the cosine,

    loss = −log softmax(sim(q_i, d) / τ)_i

over the positives of all questions of the batch and their hard negatives. Passages of a document that answers
the question too are left out of its sum. Word embeddings are not trained. Sources: Henderson and others,
Efficient Natural Language Response Suggestion (in-batch negatives); Karpukhin and others, Dense Passage
Retrieval (hard negatives beside them).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rag.types import Chunk

from .embedder_weights import embedded, tokenised
from .network import autocast
from .pairs import Pair
from .steps import run

TEMPERATURE = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train. `batch` is questions a step, `negatives` hard ones of each."""

    epochs: int = 2
    rate: float = 2e-5
    batch: int = 16
    negatives: int = 2
    seed: int = 0
    save_seconds: float = 120.0


class Row(NamedTuple):
    """One question with its passages of this step: the positive first, then hard negatives."""

    pair: Pair
    chunks: tuple[Chunk, ...]


def train(
    encoder: Any,
    tokenizer: Any,
    pairs: Sequence[Pair],
    plan: Plan,
    folder: Path,
    *,
    limit: int,
    prompts: Mapping[str, str],
    device: str = "cpu",
    watch: Callable[[int, int, float], None] | None = None,
) -> list[float]:
    """Trains the encoder; `folder` has the checkpoint, and the same call goes on. Returns the losses.

    `limit` is how many tokens it reads, `prompts` what goes before a query and a document.
    """
    encoder = encoder.to(device)
    encoder.embeddings.word_embeddings.weight.requires_grad = False

    def rows_of(texts: list[str]) -> Any:
        ids, mask = tokenised(tokenizer, texts, limit)
        with autocast(device):
            return embedded(encoder, ids.to(device), mask.to(device)).float()

    def loss(rows: list[Row]) -> Any:
        import torch

        asked = rows_of([prompts.get("query", "") + row.pair.case.question for row in rows])
        chunks = [row.chunks[0] for row in rows] + [chunk for row in rows for chunk in row.chunks[1:]]
        shown = rows_of([prompts.get("document", "") + chunk.indexed_text for chunk in chunks])
        scores = asked @ shown.T / TEMPERATURE
        barred = torch.tensor(also_right(rows, chunks), device=device)
        return torch.nn.functional.cross_entropy(
            scores.masked_fill(barred, -1e4), torch.arange(len(rows), device=device)
        )

    steps = [step for epoch in range(plan.epochs) for step in batches(pairs, plan, epoch)]
    return run(
        encoder, steps, loss, plan.rate, folder, asdict(plan), save_seconds=plan.save_seconds, watch=watch
    )


def batches(pairs: Sequence[Pair], plan: Plan, epoch: int) -> list[list[Row]]:
    """The steps of one pass: every question once, with a positive and negatives drawn anew."""
    chance = random.Random(plan.seed + epoch)
    order = chance.sample(list(pairs), len(pairs))
    rows = []
    for pair in order:
        hard = chance.sample(pair.negatives, min(plan.negatives, len(pair.negatives)))
        rows.append(Row(pair, (chance.choice(pair.positives), *hard)))
    made = [rows[at : at + plan.batch] for at in range(0, len(rows), plan.batch)]
    if len(made) > 1 and len(made[-1]) < 2:  # alone it has nothing to be told from
        last = made.pop()
        made[-1] += last
    return made


def also_right(rows: Sequence[Row], chunks: Sequence[Chunk]) -> list[list[bool]]:
    """Of each question, which passages of the batch are of its relevant documents, but for its target."""
    return [
        [
            place != at and chunk.document_id in {one.document_id for one in row.pair.positives}
            for place, chunk in enumerate(chunks)
        ]
        for at, row in enumerate(rows)
    ]
