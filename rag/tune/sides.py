"""Which questions are learned from, and which are held out to measure on: by whole documents.

Questions go by their home, the first of their relevant documents in order of name. Homes in the order of
their hash are held out, with all their questions, until the share is reached. Every document that is relevant
to a held-out question is then barred: nothing is learned from it, neither as a positive nor as a negative. A
training question that has barred documents keeps the others; one that has none left is dropped. So is one
that asks a held-out question again, or whose document is a copy of a barred one: those are refused on the
training side, so that what is measured is new. Questions without an answer are learned from only where their
kind is asked for; the held-out share of them is measured on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rag.counts import counted
from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case
from rag.text.shared_words import normalised
from rag.types import stable_id

from .overlap import runs

LEAST = 20
"""Questions that each side needs, at least."""
_COPY = 0.5  # share of a text's runs of words that it has in common with another: from then on a copy


@dataclass(frozen=True, slots=True)
class Sides:
    """`train` and `held` are cases; `barred` the documents of held-out ones; `refused` counts by reason."""

    train: tuple[Case, ...]
    held: tuple[Case, ...]
    barred: frozenset[str]
    refused: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "train": len(self.train),
            "held_out": len(self.held),
            "held_out_documents": len(self.barred),
            "refused": {reason: count for reason, count in self.refused.items() if count},
        }

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {reason}" for reason, count in self.refused.items() if count)
        refused = f"; left out: {counts}" if counts else ""
        return (
            f"{counted(len(self.train), 'question')} learned from, {len(self.held):,} held out with their "
            f"{counted(len(self.barred), 'document')}{refused}"
        )


def sides(
    cases: Sequence[Case],
    share: float,
    texts: Callable[[Iterable[str]], Mapping[str, str]],
    *,
    kinds: Sequence[str] = ("qa", "retrieval"),
    least: int = LEAST,
) -> Sides:
    """Parts the cases. `texts` gives the text of documents by their judged names; `share` is held out.

    `kinds` of cases are learned from. Raises ConfigError where a side is too small, with how many questions
    would do.
    """
    if not 0 < share < 1:
        raise ConfigError(f"held-out is {share:g}, expected between 0 and 1, such as 0.4")
    homes: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        homes[_home(case)].append(case)
    judged = sum(bool(case.relevant) for case in cases)
    taken, held = 0, []
    for home in sorted(homes, key=lambda home: stable_id("held out", home)):
        with_documents = [case for case in homes[home] if case.relevant]
        if with_documents and taken >= share * judged:
            continue
        if not with_documents and int(stable_id("held out", home)[:8], 16) >= share * 16**8:
            continue
        held += homes[home]
        taken += len(with_documents)
    chosen = {case.id for case in held}
    barred = frozenset(name for case in held for name in case.relevant)
    train, refused = _clean([case for case in cases if case.id not in chosen], held, barred, texts, kinds)
    order = [case for case in cases if case.id in chosen]
    split = Sides(tuple(train), tuple(order), barred, refused)
    measured = sum(bool(case.relevant) for case in order)
    if len(train) < least or measured < least:
        raise ConfigError(
            f"{counted(len(cases), 'question is', 'questions are')} too few: {split}, "
            f"{measured:,} of them with relevant documents. "
            f"Each side needs {least} with documents of its own; "
            f"{_enough(len(cases), train, measured, least)} would do. "
            "`rag eval make` writes some from your documents"
        )
    return split


def _clean(
    rest: Sequence[Case],
    held: Sequence[Case],
    barred: frozenset[str],
    texts: Callable[[Iterable[str]], Mapping[str, str]],
    kinds: Sequence[str],
) -> tuple[list[Case], dict[str, int]]:
    refused = {"asked on both sides": 0, "with held-out documents alone": 0, "on copies of held-out text": 0}
    asked = {normalised(case.question) for case in held}
    train: list[Case] = []
    for case in rest:
        if case.kind not in kinds:
            continue
        left = {name: gain for name, gain in case.relevant.items() if name not in barred}
        if normalised(case.question) in asked:
            refused["asked on both sides"] += 1
        elif case.relevant and not left:
            refused["with held-out documents alone"] += 1
        else:
            train.append(replace(case, relevant=left))
    copies = _copies({name for case in train for name in case.relevant}, barred, texts)
    clean = []
    for case in train:
        left = {name: gain for name, gain in case.relevant.items() if name not in copies}
        if case.relevant and not left:
            refused["on copies of held-out text"] += 1
        else:
            clean.append(replace(case, relevant=left))
    return clean, refused


def _copies(
    names: set[str], barred: frozenset[str], texts: Callable[[Iterable[str]], Mapping[str, str]]
) -> set[str]:
    """Of the names those whose text stands, for the larger part, in a barred document too."""
    held = texts(barred)
    whole = {normalised(text) for text in held.values()}
    known = {run for text in held.values() for run in runs(text)}
    copies = set()
    for name, text in texts(names).items():
        own = list(runs(text))
        if normalised(text) in whole or (own and sum(run in known for run in own) >= _COPY * len(own)):
            copies.add(name)
    return copies


def _home(case: Case) -> str:
    return min(case.relevant) if case.relevant else f"none {min(case.without, default=case.id)}"


def _enough(cases: int, train: Sequence[Case], measured: int, least: int) -> str:
    """About how many questions of this kind would fill both sides."""
    smaller = min(len(train), measured)
    if not smaller:
        return f"{counted(2 * least, 'question')} or more"
    return f"about {counted(max(2 * least, cases * least // smaller + 1), 'question')}"
