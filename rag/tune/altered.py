"""Questions changed so that their own passage no longer answers them.

The passage is as near to the question as one can be, only one thing in the question is wrong: another name,
another number, the opposite, a negation. So people write unanswerable questions, and so the passage of a
wrong answer looks ("Know What You Don't Know: Unanswerable Questions for SQuAD", Rajpurkar et al., 2018,
table 1).
"""

from __future__ import annotations

import random
import re

from .claims import NAME, NUMBER, near_number
from .examples import Example
from .items import Item

_OPPOSITES = (
    "first last|largest smallest|highest lowest|most least|more fewer|before after|increase decrease|"
    "increased decreased|north south|east west|northern southern|eastern western|won lost|oldest youngest|"
    "longest shortest|early late|earliest latest|maximum minimum|major minor|best worst|positive negative|"
    "public private|begin end|began ended|started ended|opened closed|founded abolished|male female|"
    "men women|majority minority|strong weak|high low|large small|above below|inside outside|"
    "accepted rejected|supported opposed|allowed forbidden|gained lost|rise fall|rose fell|new old|"
    "internal external|upper lower|common rare|more less|greater smaller|same different|ancient modern"
)
_OPPOSITE = {
    first: other
    for pair in (line.split() for line in _OPPOSITES.split("|"))
    for first, other in (pair, reversed(pair))
}
_VERB = re.compile(r"\b(is|was|are|were|did|does|do|could|has|have|would|should)\b(?!n't| not)")


def altered(example: Example, chance: random.Random) -> Item | None:
    """The question with one thing in it changed, on its own passage; None where nothing can be."""
    ways = [_other_name, _other_name, _other_number, _opposite, _opposite, _negated]
    chance.shuffle(ways)
    for way in ways:
        made = way(example, chance)
        if made is not None:
            return Item(made, example.context, example.title, answerable=False)
    return None


def _other_name(example: Example, chance: random.Random) -> str | None:
    names = [match for match in NAME.finditer(example.question) if len(match[0]) > 2]
    said = {text.lower() for text in example.texts}
    if not names:
        return None
    chosen = chance.choice(names)
    others: list[str] = [
        name
        for name in NAME.findall(example.context)
        if len(name) > 2
        and name.lower() not in example.question.lower()
        and not any(name.lower() in text or text in name.lower() for text in said)
    ]
    if not others:
        return None
    return example.question[: chosen.start()] + chance.choice(others) + example.question[chosen.end() :]


def _other_number(example: Example, chance: random.Random) -> str | None:
    numbers = list(NUMBER.finditer(example.question))
    if not numbers:
        return None
    chosen = chance.choice(numbers)
    new = near_number(chosen[0], chance)
    return example.question[: chosen.start()] + new + example.question[chosen.end() :]


def _opposite(example: Example, chance: random.Random) -> str | None:
    words = [match for match in re.finditer(r"[a-z]+", example.question) if match[0] in _OPPOSITE]
    if not words:
        return None
    chosen = chance.choice(words)
    return example.question[: chosen.start()] + _OPPOSITE[chosen[0]] + example.question[chosen.end() :]


def _negated(example: Example, chance: random.Random) -> str | None:
    if chance.random() < 0.5 or not _VERB.search(example.question):
        return None
    return _VERB.sub(r"\1n't", example.question, count=1)
