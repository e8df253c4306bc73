"""Claims that a passage supports, and claims like them that it does not: what the support head learns from.

True claims are sentences of the passage, shortened or not, and questions put together with their answers.
False ones swap a name or a number for another, turn the verb round, or come from a neighbouring passage.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

from .examples import Example
from .items import Item
from .robust import kind_of

NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w'’-]+(?: (?:of |de |van )?[A-Z][\w'’-]+)*")
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])")
_ASIDE = re.compile(r" ?\([^()]*\)|, (?:which|who|including|such as|also)\b[^,;]*(?=,)")
_OPENING = re.compile(r"^(?:In|On|By|After|During|Since|For|At|From|Although|While)\b[^,]{3,60}, (?=\w)")
_TURN = re.compile(r"\b(is|was|are|were|has been|have been|can|could|will|would|should|may|must)\b(?! not\b)")
_TURNED = re.compile(r"\b(is|was|are|were|has|have|can|could|will|would|should|may|must|did|does|do) not\b")
_SUBJECT = re.compile(
    r"^(?:who|what|which)"
    r"(?P<rest> (?!(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b)\w.*)$",
    re.IGNORECASE,
)
_BEING = re.compile(
    r"^(?:who|what) (?P<verb>is|are|was|were) (?P<rest>the .+)(?<! (?:of|by|in|to|as|on))$", re.IGNORECASE
)


def claims_of(
    passage: str, title: str, neighbours: Sequence[str], chance: random.Random, most: int = 2
) -> list[Item]:
    """Up to `most` pairs of one true and one false claim about the passage, from its own sentences."""
    from rag.text.sentences import sentences

    lines = [passage[start:end] for start, end in sentences(passage)]
    lines = [line for line in lines if 6 <= len(line.split()) <= 45]
    items: list[Item] = []
    for line in chance.sample(lines, min(most, len(lines))):
        claim = shortened(line, chance)
        items.append(Item(claim, passage, title, supported=True))
        wrong = changed(claim, passage, neighbours, chance)
        if wrong is not None:
            items.append(Item(wrong, passage, title, supported=False))
    return items


def answer_claims(example: Example, pool: Mapping[str, Sequence[str]], chance: random.Random) -> list[Item]:
    """The question with its answer as a claim, and with a wrong one of the passage or of its kind."""
    if not example.texts:
        return []
    right = chance.choice(example.texts)
    wrong = _wrong(example, right, pool, chance)
    items = [Item(stated(example.question, right), example.context, example.title, supported=True)]
    if wrong is not None:
        items.append(Item(stated(example.question, wrong), example.context, example.title, supported=False))
    return items


def stated(question: str, answer: str) -> str:
    """`Who built the wall?`, `Hadrian` → `Hadrian built the wall.`; others keep the question before it."""
    bare = question.strip().rstrip("?").strip()
    subject, being = _SUBJECT.match(bare), _BEING.match(bare)
    if subject and not bare.lower().startswith("which"):
        return f"{answer}{subject['rest']}."
    if being:
        return f"{being['rest'][:1].upper()}{being['rest'][1:]} {being['verb']} {answer}."
    return f"{bare}? {answer}."


def shortened(sentence: str, chance: random.Random) -> str:
    """Half the time without its asides, and a third without the phrase that opens it."""
    if chance.random() < 0.5:
        sentence = _ASIDE.sub("", sentence)
    if chance.random() < 0.35:
        cut = _OPENING.sub("", sentence)
        sentence = cut[:1].upper() + cut[1:]
    return sentence


def changed(sentence: str, passage: str, neighbours: Sequence[str], chance: random.Random) -> str | None:
    """The sentence with one thing in it made wrong, or one of a neighbour; None where nothing can be."""
    ways = [_name_swapped, _number_swapped, _turned, _from_neighbour]
    chance.shuffle(ways)
    for way in ways:
        made = way(sentence, passage, neighbours, chance)
        if made is not None and made != sentence and made not in passage:
            return made
    return None


def _name_swapped(
    sentence: str, passage: str, neighbours: Sequence[str], chance: random.Random
) -> str | None:
    names = [match for match in NAME.finditer(sentence) if len(match[0]) > 2]
    if not names:
        return None
    chosen = chance.choice(names)
    texts = [passage] if chance.random() < 0.6 else neighbours
    pool: list[str] = [name for text in texts for name in NAME.findall(text)]
    others = [name for name in pool if name not in sentence and chosen[0] not in name and len(name) > 2]
    if not others:
        return None
    return sentence[: chosen.start()] + chance.choice(others) + sentence[chosen.end() :]


def _number_swapped(
    sentence: str, passage: str, neighbours: Sequence[str], chance: random.Random
) -> str | None:
    numbers = list(NUMBER.finditer(sentence))
    if not numbers:
        return None
    chosen = chance.choice(numbers)
    others = [
        number
        for number in NUMBER.findall(passage)
        if number not in sentence and len(number) == len(chosen[0])
    ]
    new = chance.choice(others) if others and chance.random() < 0.5 else near_number(chosen[0], chance)
    return sentence[: chosen.start()] + new + sentence[chosen.end() :]


def near_number(number: str, chance: random.Random) -> str:
    """The number with one digit changed; never the first of four, so that a year stays a year."""
    places = [place for place, digit in enumerate(number) if digit.isdigit()]
    place = chance.choice(places[1:] or places)
    digit = chance.choice([figure for figure in "123456789" if figure != number[place]])
    return number[:place] + digit + number[place + 1 :]


def _turned(sentence: str, passage: str, neighbours: Sequence[str], chance: random.Random) -> str | None:
    if _TURNED.search(sentence):
        return _TURNED.sub(r"\1", sentence, count=1)
    return _TURN.sub(r"\1 not", sentence, count=1) if _TURN.search(sentence) else None


def _from_neighbour(
    sentence: str, passage: str, neighbours: Sequence[str], chance: random.Random
) -> str | None:
    from rag.text.sentences import sentences

    if not neighbours:
        return None
    other = chance.choice(list(neighbours))
    lines = [other[start:end] for start, end in sentences(other) if 6 <= len(other[start:end].split()) <= 45]
    return chance.choice(lines) if lines else None


def _wrong(
    example: Example, right: str, pool: Mapping[str, Sequence[str]], chance: random.Random
) -> str | None:
    within: list[str] = [*NAME.findall(example.context), *NUMBER.findall(example.context)]
    kind = kind_of(right)
    near = [
        text
        for text in within
        if kind_of(text) == kind and not _share(text, right) and text not in example.question
    ]
    if near and chance.random() < 0.7:
        return chance.choice(near)
    far = [text for text in pool.get(kind, ())[:2000] if not _share(text, right)]
    return chance.choice(far) if far else None


def _share(first: str, other: str) -> bool:
    return bool(set(first.lower().split()) & set(other.lower().split()))
