"""200 comparisons of systems that are equally good: at most one in twenty may be called different."""

from __future__ import annotations

import random

import pytest

from rag.evaluate import Case, QuestionSet, compare
from rag.evaluate.measures import measure
from rag.evaluate.result import Run
from rag.evaluate.running.outcome import Outcome, Said

MEASURES = ("Correct", "F1", "CiteP", "nDCG@10", "R@1")


def run(asked: QuestionSet, skill: dict[str, float], chance: random.Random) -> Run:
    """Every question is answered right with its own probability, whoever is asked."""
    outcomes = []
    for case in asked:
        right = chance.random() < skill[case.id]
        cites = (case.id if chance.random() < skill[case.id] else "other",)
        ranking = [f"d{n}" for n in range(9)]
        ranking.insert(chance.randrange(10), case.id)
        text = "it opened in 1931" if right else "it opened late"
        said = (Said(text, 1.0, cites),)
        outcomes.append(Outcome(case.id, tuple(ranking), said=said, short=text, confidence=chance.random()))
    return Run(asked, tuple(outcomes), tuple(measure(name) for name in MEASURES))


@pytest.mark.parametrize("questions", [60])
def test_equal_variants_are_told_apart_once_in_twenty_at_most(questions: int) -> None:
    chance = random.Random(questions)
    cases = [Case(str(n), f"When did hall {n} open?", ("1931",), {str(n): 1.0}) for n in range(questions)]
    asked = QuestionSet("equal", tuple(cases))
    apart = single = 0
    for _ in range(200):
        skill = {case.id: chance.random() for case in asked}
        found = compare(run(asked, skill, chance), run(asked, skill, chance))
        apart += any(row.proven for row in found.rows)
        single += any(row.difference.decided for row in found.rows)
    assert apart <= 10, "5 % of 200"
    assert single > 10, "without the correction five measures are too many"


def test_a_real_difference_is_told() -> None:
    chance = random.Random(1)
    cases = [Case(str(n), f"When did hall {n} open?", ("1931",), {str(n): 1.0}) for n in range(100)]
    asked = QuestionSet("unequal", tuple(cases))
    poor, good = ({case.id: skill for case in asked} for skill in (0.4, 0.7))
    found = compare(run(asked, poor, chance), run(asked, good, chance))
    assert found["Correct"].verdict == "B is better"
