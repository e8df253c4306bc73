"""The same question in other forms."""

from __future__ import annotations

import random

from rag.tune.phrasing import keywords, wordy

QUESTION = "Which supplier delivers the pumps in March?"


def test_keywords_and_more_words() -> None:
    assert keywords(QUESTION) == "Which supplier delivers pumps March"
    assert keywords("Is it so?") == "Is"
    assert keywords("it is so") == "it is so"
    made = {wordy("Who signs?", random.Random(seed)) for seed in range(60)}
    assert "Can you tell me who signs?" in made
    assert all("signs" in one for one in made)
