"""Examples with the defects that retrieval brings: noise, and passages that say something else.

"RbFT: Robust Fine-tuning for Retrieval-Augmented Generation against Retrieval Defects" (2025) trains
generators on noisy, irrelevant and counterfactual passages; here the same is done to a reader, which has to
read what is there, whatever it expects.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .examples import Example
from .items import Item

_NUMBER = re.compile(r"^[\d.,]+(?:\s*(?:%|percent|million|billion|thousand|\w+))?$")
_OPENING_NAME = re.compile(
    r"(?:The )?([A-Z][\w'’-]+(?: (?:of |the |de |van )?[A-Z][\w'’-]+)*)"
    r"(?= (?:is|was|are|were|has|had|can|will|of|in)\b)"
)
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")


def kind_of(text: str) -> str:
    """What sort of thing an answer is, so that it is swapped for its like: year, number, name or phrase."""
    words = text.split()
    if _YEAR.search(text) and len(words) <= 4:
        return "year" if len(words) == 1 else "date"
    if _NUMBER.match(text):
        return f"number {len(words)}"
    capitals = sum(word[:1].isupper() for word in words)
    if words and capitals >= max(1, len(words) - 1):
        return f"name {min(3, len(words))}"
    return f"phrase {min(5, len(words))}"


def answers_by_kind(examples: Sequence[Example]) -> dict[str, list[str]]:
    """Every answer of the examples under its kind."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for example in examples:
        for text in example.texts[:1]:
            by_kind[kind_of(text)].append(text)
    return by_kind


def counterfactual(example: Example, pool: Mapping[str, Sequence[str]], chance: random.Random) -> Item | None:
    """The passage with its answer swapped for another of its kind; the other is now the right one."""
    if not example.answers:
        return None
    start, end = example.answers[0]
    old = example.context[start:end]
    others = pool.get(kind_of(old), ())
    new = chance.choice(others) if others else old
    if new.lower() in example.context.lower() or old.lower() in example.question.lower():
        return None
    parts = re.split(rf"(?<!\w){re.escape(old)}(?!\w)", example.context)
    if len(parts) < 2:
        return None
    passage, spans = parts[0], []
    for part in parts[1:]:
        spans.append((len(passage), len(passage) + len(new)))
        passage += new + part
    return Item(example.question, passage, example.title, tuple(spans), answerable=True)


def headed(item: Item) -> Item:
    """The item with the name that it asks about in the heading alone, where a passage says `It` instead.

    Only a name that the passage begins with goes there; another item is returned as it is.
    """
    match = _OPENING_NAME.match(item.passage)
    if match is None or match[1] not in item.text or any(start < match.end(1) for start, _ in item.spans):
        return item
    shift = match.end(1) - len("It")
    spans = tuple((start - shift, end - shift) for start, end in item.spans)
    return replace(item, title=match[1], passage="It" + item.passage[match.end(1) :], spans=spans)


def sentence_alone(item: Item) -> Item:
    """The item with the sentence of its first answer as the passage; as it is where no sentence holds it.

    What is quoted is a sentence, and claims are checked against sentences: so some are read alone.
    """
    from rag.text.sentences import sentences

    for begin, end in sentences(item.passage) if item.spans else ():
        inside = tuple((a - begin, b - begin) for a, b in item.spans if begin <= a and b <= end)
        if begin <= item.spans[0][0] < end and inside:
            return replace(item, passage=item.passage[begin:end], spans=inside)
    return item


def with_noise(item: Item, noise: str, chance: random.Random) -> Item:
    """The item's passage beside one of something else, before it or behind it."""
    if chance.random() < 0.5:
        return replace(item, passage=f"{item.passage}\n{noise}")
    shift = len(noise) + 1
    spans = tuple((start + shift, end + shift) for start, end in item.spans)
    return replace(item, passage=f"{noise}\n{item.passage}", spans=spans)
