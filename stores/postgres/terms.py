"""Terms as the server is given them: numbers, or words of sixteen letters that any parser leaves whole."""

from __future__ import annotations

import hashlib
from functools import lru_cache

_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


@lru_cache(1 << 17)
def number(term: str) -> int:
    """A term as a 64-bit number (BLAKE2b)."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "big", signed=True)


def word(term: str) -> str:
    """A term as sixteen letters, which every parser takes for one word."""
    return hashlib.blake2b(term.encode(), digest_size=8).hexdigest().translate(_LETTERS)
