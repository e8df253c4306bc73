"""What one epoch shows the network: the questions, and in set shares what is made of them.

The shares are what measured best; `docs/log.md` has the figures, and what was left out.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .altered import altered
from .claims import answer_claims, claims_of
from .cloze import cloze, recurring
from .examples import Example
from .items import Item
from .negatives import Ranked, answer_removed, other_passage, unanswerable
from .robust import answers_by_kind, counterfactual, with_noise


@dataclass(frozen=True, slots=True)
class Shares:
    """How many items of a sort are made for each question (of `claims`: for each passage).

    `unanswerable`: how often a question that was written to have no answer is shown.
    """

    hard: float = 0.5
    same_title: float = 0.1
    removed: float = 0.15
    altered: float = 0.4
    unanswerable: int = 2
    counterfactual: float = 0.1
    noise: float = 0.15
    stated: float = 0.12
    claims: float = 0.3
    keywords: float = 0.06
    title: float = 0.7


def question_epoch(
    examples: Sequence[Example], ranked: Ranked, seed: int, shares: Shares | None = None
) -> list[Item]:
    """The items of one epoch over the questions; another seed makes other ones."""
    shares = shares or Shares()
    chance = random.Random(seed)
    answered = [one for one in examples if one.answerable]
    pool, titles = answers_by_kind(answered), by_title(examples)
    items = [unanswerable(one) for one in examples if not one.answerable] * shares.unanswerable
    for one in answered:
        items.append(_positive(one, pool, titles, shares, chance))
        items += _negatives(one, ranked, titles, shares, chance)
        if chance.random() < shares.stated:
            items += answer_claims(one, pool, chance)
    items += _claims(titles, shares, chance)
    return [_heading(item, shares, chance) for item in items]


def text_epoch(examples: Sequence[Example], seed: int, size: int, shares: Shares | None = None) -> list[Item]:
    """About `size` items made of the passages alone, by their titles; the questions are not looked at."""
    shares = shares or Shares()
    chance = random.Random(seed)
    titles = by_title(examples)
    everything = [(passage, title) for title, passages in titles.items() for passage in passages]
    items: list[Item] = []
    for title, passages in titles.items():
        items += recurring(passages, title, chance)
    items += _claims(titles, shares, chance)
    while len(items) < size:
        passage, title = chance.choice(everything)
        made = cloze(passage, title, chance)
        if made is None:
            continue
        items.append(made)
        if chance.random() < 0.3:
            items.append(_without(made, titles[title], chance))
    return [_heading(item, shares, chance) for item in items]


def _positive(
    one: Example,
    pool: dict[str, list[str]],
    titles: dict[str, list[str]],
    shares: Shares,
    chance: random.Random,
) -> Item:
    item = Item(one.question, one.context, one.title, one.answers, answerable=True)
    if chance.random() < shares.counterfactual:
        item = counterfactual(one, pool, chance) or item
    if chance.random() < shares.noise:
        noise = chance.choice(titles[one.title])
        if noise != one.context and len(noise) + len(item.passage) < 1800:
            item = with_noise(item, noise, chance)
    if chance.random() < shares.keywords:
        words = [word for word in item.text.rstrip("?").split() if len(word) > 3 or word[:1].isupper()]
        item = replace(item, text=" ".join(words) or item.text)
    return item


def _negatives(
    one: Example, ranked: Ranked, titles: dict[str, list[str]], shares: Shares, chance: random.Random
) -> list[Item]:
    made = []
    if chance.random() < shares.hard:
        made.append(other_passage(one, ranked.get(one.id, ()), chance))
    if chance.random() < shares.same_title:
        made.append(other_passage(one, chance.sample(titles[one.title], len(titles[one.title])), chance))
    if chance.random() < shares.removed:
        made.append(answer_removed(one))
    if chance.random() < shares.altered:
        made.append(altered(one, chance))
    return [item for item in made if item is not None]


def _claims(titles: dict[str, list[str]], shares: Shares, chance: random.Random) -> list[Item]:
    items: list[Item] = []
    for title, passages in titles.items():
        for passage in passages:
            if chance.random() < shares.claims:
                others = [one for one in passages if one != passage]
                items += claims_of(passage, title, others, chance)
    return items


def _without(item: Item, passages: Sequence[str], chance: random.Random) -> Item:
    """A made question with a passage that does not hold its sentence."""
    others = [
        one for one in passages if one != item.passage and item.passage[slice(*item.spans[0])] not in one
    ]
    passage = chance.choice(others) if others else item.passage[: item.spans[0][0]][-400:] or item.title
    return replace(item, passage=passage, spans=(), answerable=False)


def _heading(item: Item, shares: Shares, chance: random.Random) -> Item:
    """Chunks come with headings and without: so do the items."""
    return item if chance.random() < shares.title else replace(item, title="")


def by_title(examples: Sequence[Example]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for one in examples:
        found[one.title][one.context] = None
    return {title: list(passages) for title, passages in found.items()}
