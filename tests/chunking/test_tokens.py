"""Counting by one tokenisation: ends that are shared, far apart, or missing."""

from __future__ import annotations

import numpy as np

from rag.chunking.tokens import Tokens


def tokens(text: str, *ends: int) -> Tokens:
    return Tokens(text, lambda _: np.array(ends, dtype=np.int64))


def test_count_and_reach() -> None:
    found = tokens("one two six", 3, 7, 11)
    assert [found.count(0, 11), found.count(3, 7), found.count(4, 6), found.count(4, 4)] == [3, 1, 0, 0]
    assert [found.reach(0, n) for n in (0, 1, 2, 3, 9)] == [3, 3, 7, 11, 11]
    assert [found.back(11, n) for n in (1, 2, 3, 9)] == [7, 3, 0, 0]


def test_one_character_may_hold_several_tokens() -> None:
    found = tokens("abc", 1, 2, 2, 2, 3)
    assert [found.reach(0, n) for n in (1, 2, 3, 4, 5)] == [1, 1, 1, 2, 3]
    assert found.reach(1, 1) == 2  # it cannot be parted, so it is taken whole


def test_long_token_counts_as_several() -> None:
    found = tokens("x" * 100, 100)
    assert found.count(0, 100) == 4  # 32, 64, 96 and its end
    assert found.reach(0, 2) == 64


def test_text_without_tokens() -> None:
    found = tokens("\u200b" * 70)
    assert found.count(0, 70) == 2
    assert found.reach(0, 1) == 32
    assert tokens("").reach(0, 1) == 0
