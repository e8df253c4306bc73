"""The same question as other people put it: as keywords, or with more words than needed."""

from __future__ import annotations

import random

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


def keywords(text: str) -> str:
    """The longer words and the names alone, as in a search box."""
    kept = [word for word in text.rstrip("?").split() if len(word) > 3 or word[:1].isupper()]
    return " ".join(kept) or text


def wordy(text: str, chance: random.Random) -> str:
    """The question with a phrase around it."""
    if chance.random() < 0.7:
        return chance.choice(_BEFORE).format(text[:1].lower() + text[1:] if text[1:2].islower() else text)
    return chance.choice(_BEHIND).format(text.rstrip("?") if chance.random() < 0.5 else text)
