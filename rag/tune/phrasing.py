"""The same question as other people type it: with typing errors, as keywords, with more words than needed."""

from __future__ import annotations

import random
import re

_WORD = re.compile(r"[A-Za-z]{4,}")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEAR = {
    key: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in _KEYS
    for place, key in enumerate(row)
}
_BEFORE = (
    "Can you tell me {}",
    "Could you please tell me {}",
    "I would like to know {}",
    "Does anyone know {}",
    "Quick question: {}",
    "Hi, {}",
    "I need to know this for a meeting: {}",
    "Please look this up: {}",
)
_BEHIND = ("{}, please?", "{} Thanks!", "{} I cannot find it.", "{} (need it today)")


def mistyped(text: str, rate: float, chance: random.Random) -> str:
    """The text with about `rate` of its longer words misspelt, at least one: a letter is missing, doubled,
    swapped with the next, or hit beside its key."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    wrong = [word for word in words if chance.random() < rate] or [chance.choice(words)]
    for word in reversed(wrong):
        text = text[: word.start()] + _slip(word[0], chance) + text[word.end() :]
    return text


def keywords(text: str) -> str:
    """The longer words and the names alone, as in a search box."""
    kept = [word for word in text.rstrip("?").split() if len(word) > 3 or word[:1].isupper()]
    return " ".join(kept) or text


def wordy(text: str, chance: random.Random) -> str:
    """The question with a phrase around it."""
    if chance.random() < 0.7:
        return chance.choice(_BEFORE).format(text[:1].lower() + text[1:] if text[1:2].islower() else text)
    return chance.choice(_BEHIND).format(text.rstrip("?") if chance.random() < 0.5 else text)


def _slip(word: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(word) - 1)
    letter, way = word[place], chance.randrange(4)
    if way == 0:
        return word[:place] + word[place + 1 :]
    if way == 1:
        return word[:place] + letter + word[place:]
    if way == 2:
        return word[:place] + word[place + 1] + letter + word[place + 2 :]
    return word[:place] + chance.choice(_NEAR.get(letter.lower(), letter)) + word[place + 1 :]
