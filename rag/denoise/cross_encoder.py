"""Re-scores hits by a model that reads question and chunk together: any sentence-transformers CrossEncoder.

    score(q, c) = CrossEncoder([q, c])                                            where `weight` is 1
    score(q, c) = (1 − weight) · z(first-stage score) + weight · z(CrossEncoder([q, c]))      otherwise

Slower than vectors by the length of every chunk, and better, as far as the model is. Needs the extra `[hf]`.
Source: Nogueira and Cho, Passage Re-ranking with BERT.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Annotated, Any

from rag.errors import ConfigError, MissingExtra, ModelError
from rag.llm.hf import libraries
from rag.options import Bounds, Count
from rag.types import Hit, Question

from .blend import blended


def build(
    model: str = "",
    device: str | None = None,
    batch: Count = 16,
    weight: Annotated[float, Bounds(above=0, most=1)] = 1.0,
    offline: bool = False,
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that orders hits by the score of `model`: a folder, or a hub id (downloaded unless `offline`).

    `weight` (above 0, to 1) is the model's share; one that was not made for your kind of text does better
    with less than 1. The model is loaded at the first question. Raises ConfigError where none is named,
    MissingExtra without sentence-transformers, ModelError for one that cannot be loaded or gives several
    scores a pair.
    """
    if not model:
        raise ConfigError(
            "the stage cross_encoder has no model: name a folder or a hub id, "
            'as `model = "…"` in [stages.cross_encoder]'
        )

    @cache
    def loaded() -> Any:
        return _load(model, device, offline)

    def cross_encoder(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        if not hits:
            return hits
        pairs = [(question.text, hit.chunk.indexed_text) for hit in hits]
        logits = loaded().predict(pairs, batch_size=batch, show_progress_bar=False).tolist()
        scores = logits if weight == 1 else blended([hit.score for hit in hits], logits, weight)
        scored = [
            replace(hit, score=score, scores={**hit.scores, "cross_encoder": own})
            for hit, score, own in zip(hits, scores, logits, strict=True)
        ]
        scored.sort(key=lambda hit: -hit.score)
        return [
            replace(hit, ranks={**hit.ranks, "cross_encoder": rank}) for rank, hit in enumerate(scored, 1)
        ]

    return cross_encoder


def _load(model: str, device: str | None, offline: bool) -> Any:
    try:
        from sentence_transformers import CrossEncoder
    except ImportError:
        raise MissingExtra("the stage cross_encoder", "hf") from None
    try:
        libraries(model)  # quiet about the weights they read
        made = CrossEncoder(
            model,
            device=device,
            local_files_only=offline,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(
            f"{model} cannot be loaded as a CrossEncoder ({error}): expected a folder or hub id with config, "
            "tokenizer and safetensors weights"
        ) from error
    labels = made.model.config.num_labels
    if labels != 1:
        raise ModelError(f"{model} gives {labels} scores a pair, expected one: take a model made for ranking")
    return made
