"""Typing errors as people make them: letters swapped, left out, doubled, or hit beside the right one."""

from __future__ import annotations

import random
import re

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    letter: [row[near] for near in (at - 1, at + 1) if 0 <= near < len(row)]
    for row in _ROWS
    for at, letter in enumerate(row)
}
_WORD = re.compile(r"[a-zA-Z]{4,}")


def misspelt(text: str, share: float, chance: random.Random) -> str:
    """The text with about `share` of its words of four letters and more misspelt, at least one."""
    words = list(_WORD.finditer(text))
    chosen = [word for word in words if chance.random() < share] or words[:1]
    for word in reversed(chosen):
        text = text[: word.start()] + _wrong(word[0], chance) + text[word.end() :]
    return text


def _wrong(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    way = chance.randrange(4)
    if way == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if way == 1:
        return word[:at] + word[at + 1 :]
    if way == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + chance.choice(_BESIDE.get(word[at].lower(), [word[at]])) + word[at + 1 :]
