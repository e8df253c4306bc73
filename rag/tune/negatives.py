"""Passages that do not answer a question, though much in them looks as if they did."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from rag.text.shared_words import normalised
from rag.types import stable_id

from .examples import Example
from .items import Item

Near = Callable[[Example], Sequence[str]]
"""A question → passages in the order in which a retriever brings them for it."""


def unanswerable(example: Example) -> Item:
    """A question that was written to have no answer in its passage."""
    return Item(example.question, example.context, example.title, answerable=False)


def answer_removed(example: Example) -> Item | None:
    """The example's own passage without the sentences that hold an answer; None where nothing is left."""
    from rag.text.sentences import sentences

    kept = [
        example.context[start:end]
        for start, end in sentences(example.context)
        if not any(a < end and b > start for a, b in example.answers)
    ]
    rest = " ".join(kept)
    if len(rest) < 80 or _holds(rest, example.texts):
        return None
    return Item(example.question, rest, example.title, answerable=False)


def other_sentence(example: Example, chance: random.Random) -> Item | None:
    """One sentence of the example's own passage that lacks the answer; None where every one has it."""
    from rag.text.sentences import sentences

    texts = [example.context[start:end] for start, end in sentences(example.context)]
    free = [text for text in texts if len(text) > 25 and not _holds(text, example.texts)]
    if not free or not example.answers:
        return None
    return Item(example.question, chance.choice(free), example.title, answerable=False)


def other_passage(example: Example, others: Sequence[str], chance: random.Random) -> Item | None:
    """The question with a passage of `others` that lacks the answer; nearer ones come first in the list."""
    free = [
        passage for passage in others if passage != example.context and not _holds(passage, example.texts)
    ]
    if not free:
        return None
    place = min(int(chance.expovariate(0.35)), len(free) - 1)
    return Item(example.question, free[place], example.title, answerable=False)


def near_passages(examples: Sequence[Example], folder: Path, depth: int = 12) -> Near:
    """Looks a question up among the passages of the same files, by its words (BM25), when it is asked for.

    The index is kept in `folder` and used again for the same passages.
    """
    from rag.indexes import open_lexical

    passages = list(dict.fromkeys(example.context for example in examples))
    stamp = 1 + int(stable_id("passages", *passages)[:12], 16)
    index = open_lexical(folder, "english")
    if index.stamp != stamp:
        index.update(range(len(index)), list(enumerate(passages)), stamp)
        index.refresh()

    def near(example: Example) -> list[str]:
        _, places = index.search(example.question, depth)
        return [passages[place] for place in places]

    return near


def _holds(passage: str, answers: Sequence[str]) -> bool:
    text = f" {normalised(passage)} "
    return any(f" {normalised(answer)} " in text for answer in answers if normalised(answer))
