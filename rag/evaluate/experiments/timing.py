"""What a change costs in time, measured so that the machine's own moods do not decide.

Two pipelines are made afresh and asked the same questions, one after the other, question by question, in an
order that is drawn by chance each time; what slows the machine for a minute slows both. The difference is
paired, (ms of B) − (ms of A) for each question, with a bootstrap interval.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rag.evaluate.statistics import Difference, difference

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

QUESTIONS = 20
"""Questions that both pipelines are timed on, at most."""
_LEAST = 4
_SECONDS = 20.0  # after which, with the least number of questions, it is enough


def timed(
    a: Callable[[], Pipeline],
    b: Callable[[], Pipeline],
    questions: Sequence[str],
    *,
    k: int | None = None,
    seed: int = 0,
) -> Difference:
    """Milliseconds of B − milliseconds of A, by question; each pipeline is opened and warmed up before.

    A pipeline that remembers what it read has read nothing of these questions yet, so `a` and `b` have to
    make new ones.
    """
    chance = random.Random(seed)
    pair = (a(), b())
    for pipeline in pair:
        pipeline.ask("warm up", k=k)
    asked = list(dict.fromkeys(questions))
    chance.shuffle(asked)
    before: list[float] = []
    after: list[float] = []
    began = time.perf_counter()
    for question in asked[:QUESTIONS]:
        spent = [0.0, 0.0]
        for side in chance.sample((0, 1), 2):
            start = time.perf_counter()
            pair[side].ask(question, k=k)
            spent[side] = (time.perf_counter() - start) * 1000
        before.append(spent[0])
        after.append(spent[1])
        if len(before) >= _LEAST and time.perf_counter() - began > _SECONDS:
            break
    return difference(before, after, seed=seed)
