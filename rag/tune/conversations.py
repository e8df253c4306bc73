"""Questions → what a generator learns from: prompts of our own form, and the turn that should follow.

Each prompt is what the pipeline would send, sources and all: the passages that answer at random places among
hard negatives. The turn is the sentence of a passage that holds the answer, with the number of its source, so
that every target cites what supports it; or the prompt's refusal. In shares of the questions:

    answered      the passages that answer, among others
    removed       the same question with the others alone: refusal is right
    unanswerable  questions that have no answer, with the hits that the index finds for them: refusal

Questions that one of the same sources answers are asked of them all, one after the other, so that whoever
trains computes the sources once (`causal.py`). Of a refusal too, the sources are those of other questions,
where some of these are near and do not answer it.

Sources: RAFT: Adapting Language Model to Domain Specific RAG (distractors, and passages removed);
RbFT: Robust Fine-tuning for Retrieval-Augmented Generation against Retrieval Defects (noise, irrelevance).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
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
    held = _held(pairs)
    groups = _groups(held, sources, chance)
    for pair, _, _ in held:
        if pair.negatives and chance.random() < REMOVED:
            group = _without_answer(groups, pair.case, pair.negatives)
            if group is None:
                others = chance.sample(pair.negatives, min(sources - 1, len(pair.negatives)))
                groups.append(group := _Group(others))
            group.asked.append((pair.case, ""))
    for case in unanswerable:
        chunks = [hit.chunk for hit in rag.search(case.question, sources)]
        if chunks:
            near = next((group for group in groups if chunks[0] in group.shown), None)
            if near is None:
                groups.append(near := _Group(chunks))
            near.asked.append((case, ""))
    return [
        Turn(_sent(generator, case, group.shown), answer or generator.prompt.refusal)
        for group in groups
        for case, answer in group.asked
    ]


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


@dataclass(slots=True)
class _Group:
    """Sources as they are shown, and what is asked of them: question and turn, "" for the refusal."""

    shown: list[Chunk]
    asked: list[tuple[Case, str]] = field(default_factory=list)


class _Held(NamedTuple):
    """A pair, the passage that is shown for it, and the sentence of that which holds the answer."""

    pair: Pair
    chunk: Chunk
    said: str


def _held(pairs: Sequence[Pair]) -> list[_Held]:
    found = []
    for pair in pairs:
        for chunk in pair.positives:
            if said := _said(chunk, pair.case):
                found.append(_Held(pair, chunk, said))
                break
    return found


def _groups(held: Sequence[_Held], sources: int, chance: random.Random) -> list[_Group]:
    """The passages that answer, each among hard negatives; those that answer other questions go before."""
    waiting: dict[str, list[_Held]] = {}
    for one in held:
        waiting.setdefault(one.chunk.id, []).append(one)
    groups = []
    for one in held:
        if not any(other is one for other in waiting.get(one.chunk.id, ())):
            continue
        negatives = chance.sample(one.pair.negatives, len(one.pair.negatives))
        negatives.sort(key=lambda chunk: not waiting.get(chunk.id))
        shown = [one.chunk, *negatives[: sources - 1]]
        chance.shuffle(shown)
        groups.append(group := _Group(shown))
        for place, chunk in enumerate(shown, 1):
            left = []
            for asked in waiting.get(chunk.id, ()):
                case = asked.pair.case
                if any(other is not chunk and right(case, other.text) for other in shown):
                    left.append(asked)
                else:
                    group.asked.append((case, f"{asked.said} [{place}]"))
            waiting[chunk.id] = left
    return groups


def _without_answer(groups: Sequence[_Group], case: Case, negatives: Sequence[Chunk]) -> _Group | None:
    """The sources that are nearest to the question and do not answer it; None where there are none."""
    for chunk in negatives:
        for group in groups:
            if chunk in group.shown and not any(right(case, one.text) for one in group.shown):
                return group
    return None


def _said(chunk: Chunk, case: Case) -> str:
    """The first sentence of the passage that holds an answer, on one line; empty where none does."""
    for start, end in sentences(chunk.text):
        if right(case, chunk.text[start:end]):
            return " ".join(chunk.text[start:end].split())
    return ""


def _sent(generator: Prompted, case: Case, chunks: Sequence[Chunk]) -> Sequence[Message]:
    hits = [Hit(chunk, 1.0 - place / 100) for place, chunk in enumerate(chunks)]
    return generator.sent(Question(case.question), hits)
