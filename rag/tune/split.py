"""Which questions are held out to measure on: whole titles, so that no passage of theirs was trained on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from rag.types import stable_id

from .examples import Example


def split(examples: Sequence[Example], share: float = 0.1) -> tuple[list[Example], list[Example]]:
    """(training, held out). Of every source, titles in the order of their hash until `share` is reached.

    The same titles are held out whatever else is in the files, and a passage that stands under a held-out
    title is never trained on, wherever it comes from.
    """
    held: set[tuple[str, str]] = set()
    by_source: dict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        by_source[example.source][example.title or example.context] += 1
    for source, titles in by_source.items():
        wanted, taken = share * sum(titles.values()), 0
        for title in sorted(titles, key=lambda title: stable_id("held out", title)):
            if taken >= wanted:
                break
            held.add((source, title))
            taken += titles[title]
    names = {title.replace("_", " ").lower() for _, title in held}
    dev = [example for example in examples if (example.source, example.title or example.context) in held]
    train = [
        example
        for example in examples
        if (example.title or example.context).replace("_", " ").lower() not in names
    ]
    return train, dev
