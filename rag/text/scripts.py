"""Which letters a text is written in, so that a model is not asked about those it has never seen."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0].lower()


def share_in(text: str, scripts: Sequence[str]) -> float:
    """The share of a text's letters that are of these scripts, such as `latin`; 1 where it has no letters."""
    letters = [sign for sign in text if sign.isalpha()]
    return sum(_script(letter) in scripts for letter in letters) / len(letters) if letters else 1.0


def reads(model: object, text: str) -> bool:
    """Whether a model knows most letters of a text; one that does not tell its `scripts` knows all."""
    scripts: Sequence[str] = getattr(model, "scripts", ())
    return not scripts or share_in(text, scripts) >= 0.5
