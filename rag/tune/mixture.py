"""What one epoch shows the network: the questions, and in set shares what is made of them.

The shares are what measured best; `docs/log.md` has the figures, and what was left out.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .altered import altered
from .claims import answer_claims, claims_of
from .cloze import cloze, recurring
from .examples import Example
from .items import Item
from .negatives import Near, answer_removed, other_passage, other_sentence, unanswerable
from .phrasing import keywords, wordy
from .robust import answers_by_kind, counterfactual, headed, sentence_alone, with_noise
from .tabular import cell_questions
from .typing_errors import misspelt

_TABLE = 1400  # characters of a table that are shown
_DOCUMENT = 1000  # characters of a document that answers somewhere, most often at its beginning


@dataclass(frozen=True, slots=True)
class Shares:
    """How many items of a sort are made for each question (of `claims`: for each passage; of `lookups`: for
    each table).

    `unanswerable`: how often a question that was written to have no answer is shown. `headed`, `keywords`,
    `mistyped` and `wordy` are shares of the questions that are put so.
    """

    hard: float = 0.3
    same_title: float = 0.08
    removed: float = 0.12
    altered: float = 0.1
    unanswerable: int = 1
    counterfactual: float = 0.08
    noise: float = 0.12
    alone: float = 0.2
    other_sentence: float = 0.1
    stated: float = 0.1
    claims: float = 0.2
    lookups: float = 1.5
    headed: float = 0.15
    keywords: float = 0.06
    mistyped: float = 0.12
    wordy: float = 0.06
    title: float = 0.7


def question_epoch(
    examples: Sequence[Example],
    near: Near,
    seed: int,
    shares: Shares | None = None,
    sources: Mapping[str, float] | None = None,
) -> list[Item]:
    """The items of one epoch over the questions; another seed makes other ones.

    `sources` says of a source (the name of a file) which share of its questions an epoch draws; tables are
    looked up in whatever it says.
    """
    shares = shares or Shares()
    chance = random.Random(seed)
    drawn = [example for example in examples if chance.random() < (sources or {}).get(example.source, 1.0)]
    answered = [example for example in drawn if example.answerable]
    pool, titles = answers_by_kind(answered), by_title(drawn)
    items = [unanswerable(example) for example in drawn if not example.answerable] * shares.unanswerable
    for example in answered:
        items.append(_positive(example, pool, titles, shares, chance))
        items += _negatives(example, near, titles, shares, chance)
    items = [_heading(_put(item, shares, chance), shares, chance) for item in items]
    items += _lookups(examples, shares, chance)
    claims = _claims(titles, shares, chance)
    for example in answered:
        if chance.random() < shares.stated:
            claims += answer_claims(example, pool, chance)
    return items + [_heading(item, shares, chance) for item in claims]


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
    example: Example,
    pool: dict[str, list[str]],
    titles: dict[str, list[str]],
    shares: Shares,
    chance: random.Random,
) -> Item:
    context = example.context if example.answers else example.context[:_DOCUMENT]
    item = Item(example.question, context, example.title, example.answers, answerable=True)
    if chance.random() < shares.counterfactual:
        item = counterfactual(example, pool, chance) or item
    if chance.random() < shares.noise:
        noise = chance.choice(titles[example.title])
        if noise != example.context and len(noise) + len(item.passage) < 1800:
            item = with_noise(item, noise, chance)
    elif chance.random() < shares.alone:
        item = sentence_alone(item)
    return headed(item) if chance.random() < shares.headed else item


def _put(item: Item, shares: Shares, chance: random.Random) -> Item:
    """The item's question as it is, or as other people type it."""
    text = item.text
    if chance.random() < shares.keywords:
        text = keywords(text)
    elif chance.random() < shares.wordy:
        text = wordy(text, chance)
    if chance.random() < shares.mistyped:
        text = misspelt(text, chance.choice((0.1, 0.2)), chance)
    return replace(item, text=text)


def _lookups(examples: Sequence[Example], shares: Shares, chance: random.Random) -> list[Item]:
    """Questions for cells of the tables among the passages, and for cells that they lack."""
    tables = dict.fromkeys(
        example.context for example in examples if example.context.lstrip().startswith("|")
    )
    items = []
    for table in tables:
        title = chance.choice(("", "Overview", "Data", "Price list"))
        items += cell_questions(table[:_TABLE], title, chance, _times(shares.lookups, chance))
    return [_put(item, shares, chance) for item in items]


def _times(share: float, chance: random.Random) -> int:
    """A whole number whose mean is `share`."""
    return int(share) + (chance.random() < share % 1)


def _negatives(
    example: Example, near: Near, titles: dict[str, list[str]], shares: Shares, chance: random.Random
) -> list[Item]:
    made = []
    if chance.random() < shares.hard:
        made.append(other_passage(example, near(example), chance))
    if chance.random() < shares.same_title:
        made.append(other_passage(example, _some(titles[example.title], chance), chance))
    if chance.random() < shares.removed:
        made.append(answer_removed(example))
    if chance.random() < shares.other_sentence:
        made.append(other_sentence(example, chance))
    if chance.random() < shares.altered:
        made.append(altered(example, chance))
    return [item for item in made if item is not None]


def _claims(titles: dict[str, list[str]], shares: Shares, chance: random.Random) -> list[Item]:
    items: list[Item] = []
    for title, passages in titles.items():
        for passage in passages:
            if chance.random() < shares.claims:
                others = [one for one in passages if one != passage]
                items += claims_of(passage, title, others, chance)
    return items


def _some(passages: Sequence[str], chance: random.Random) -> list[str]:
    return chance.sample(passages, min(20, len(passages)))


def _without(item: Item, passages: Sequence[str], chance: random.Random) -> Item:
    """A made question with a passage that does not hold its sentence."""
    others = [
        passage
        for passage in passages
        if passage != item.passage and item.passage[slice(*item.spans[0])] not in passage
    ]
    passage = chance.choice(others) if others else item.passage[: item.spans[0][0]][-400:] or item.title
    return replace(item, passage=passage, spans=(), answerable=False)


def _heading(item: Item, shares: Shares, chance: random.Random) -> Item:
    """Chunks come with headings and without: so do the items."""
    return item if chance.random() < shares.title else replace(item, title="")


def by_title(examples: Sequence[Example]) -> dict[str, list[str]]:
    contexts: dict[str, dict[str, None]] = defaultdict(dict)
    for example in examples:
        contexts[example.title][example.context] = None
    return {title: list(passages) for title, passages in contexts.items()}
