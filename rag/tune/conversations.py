"""Questions → what a generator learns from: prompts of our own form, and the turn that should follow.

Each prompt is what the pipeline would send, sources and all: the passages that answer at random places among
hard negatives. The turn is the sentence of a passage that holds the answer, with the number of its source, so
that every target cites what supports it; or the prompt's refusal. In shares of the questions:

    answered      the passages that answer, among others
    removed       the same question with the others alone: refusal is right
    unanswerable  questions that have no answer, with the hits that the index finds for them: refusal

Sources: RAFT: Adapting Language Model to Domain Specific RAG (distractors, and passages removed);
RbFT: Robust Fine-tuning for Retrieval-Augmented Generation against Retrieval Defects (noise, irrelevance).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import ModelError
from rag.evaluate.questions.cases import Case
from rag.evaluate.running.score import right
from rag.generate.prompted import Prompted
from rag.llm.chat import Message
from rag.text.sentences import sentences
from rag.types import Chunk, Hit, Question

from .pairs import Pair

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

SOURCES = 4
"""Sources of a prompt, at most."""
REMOVED = 0.2
"""Share of the answered questions that are asked once more without what answers them."""


class Turn(NamedTuple):
    """A prompt as the model is sent it, and what it should write."""

    messages: Sequence[Message]
    answer: str


def turns(
    rag: Pipeline,
    generator: Prompted,
    pairs: Sequence[Pair],
    unanswerable: Sequence[Case],
    seed: int = 0,
    sources: int = SOURCES,
) -> list[Turn]:
    """The turns for these questions; one whose answer stands in no single sentence makes none.

    Raises ModelError where the model's context cannot hold even one source.
    """
    chance = random.Random(seed)
    made: list[Turn] = []
    for pair in pairs:
        gold = next(((chunk, said) for chunk in pair.positives if (said := _said(chunk, pair.case))), None)
        if gold is None:
            continue
        chunk, said = gold
        others = chance.sample(pair.negatives, min(sources - 1, len(pair.negatives)))
        place = chance.randint(0, len(others))
        shown = [*others[:place], chunk, *others[place:]]
        made.append(Turn(_sent(generator, pair.case, shown), f"{said} [{place + 1}]"))
        if others and chance.random() < REMOVED:
            made.append(Turn(_sent(generator, pair.case, others), generator.prompt.refusal))
    for case in unanswerable:
        hits = rag.search(case.question, sources)
        if hits:
            shown = [hit.chunk for hit in hits]
            made.append(Turn(_sent(generator, case, shown), generator.prompt.refusal))
    return made


def encoded(generator: Prompted, turn: Turn) -> tuple[list[int], list[int]]:
    """(ids, labels) of a turn; labels are −100 over the prompt, so that only the answer is learned."""
    model = generator.model
    prompt = list(model.prompt_ids(turn.messages))  # type: ignore[attr-defined]
    tokenizer = model.tokenizer  # type: ignore[attr-defined]
    answer = list(tokenizer(turn.answer, add_special_tokens=False)["input_ids"])
    if tokenizer.eos_token_id is None:
        raise ModelError(f"{model.name} has no token that ends a turn: its tokenizer needs an eos_token")
    answer.append(int(tokenizer.eos_token_id))
    return prompt + answer, [-100] * len(prompt) + answer


def _said(chunk: Chunk, case: Case) -> str:
    """The first sentence of the passage that holds an answer, on one line; empty where none does."""
    for start, end in sentences(chunk.text):
        if right(case, chunk.text[start:end]):
            return " ".join(chunk.text[start:end].split())
    return ""


def _sent(generator: Prompted, case: Case, chunks: Sequence[Chunk]) -> Sequence[Message]:
    hits = [Hit(chunk, 1.0 - place / 100) for place, chunk in enumerate(chunks)]
    return generator.sent(Question(case.question), hits)
