"""Pairs that look wrong are found by the search and the reader; hard but right ones are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rag import Document, Rag
from rag.evaluate import Case
from rag.evaluate.questions.judgements import match
from rag.tune.doubtful import ABSENT, DISAGREE, MANY, doubtful, sift
from rag.tune.pairs import pairs

TEXTS = {
    "hall": "The great hall was opened in 1931 by the mayor of the town.",
    "tower": "The tower has ninety steps, and visitors climb it on Sundays.",
    "garden": "The gardener waters the roses at dawn, before the gates are opened.",
    "library": "The library holds twelve thousand maps of the northern coast.",
    **{f"tour{n}": f"On tour {n} the guide begins at noon in front of the gate." for n in range(5)},
}
RIGHT = (
    Case("hall", "When was the great hall opened?", ("1931",), {"hall": 1.0}),
    Case("tower", "How many steps has the tower?", ("ninety",), {"tower": 1.0}),
    Case("roses", "When does the gardener water the roses?", ("early in the morning",), {"garden": 1.0}),
    Case("maps", "What does the library hold?", (), {"library": 1.0}),
)
"""The third is answered in other words, the fourth is only searched for: both are right."""


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    folder = tmp_path_factory.mktemp("doubtful")
    with Rag(folder / "index", settings={"index.language": "english"}) as rag:
        rag.ingest(Document.make(text, source) for source, text in TEXTS.items())
        yield rag


def reasons(rag: Rag, *cases: Case) -> dict[str, str | None]:
    found = pairs(rag, cases, match(cases, rag.store))
    return {pair.case.id: doubtful(rag, pair) for pair in found}


def test_right_pairs_are_believed(rag: Rag) -> None:
    assert reasons(rag, *RIGHT) == {"hall": None, "tower": None, "roses": None, "maps": None}


def test_an_answer_that_is_not_there_is_doubted(rag: Rag) -> None:
    wrong = replace(RIGHT[0], relevant={"library": 1.0})
    assert reasons(rag, wrong) == {"hall": ABSENT}


def test_the_reader_disagrees_where_another_hit_answers(rag: Rag) -> None:
    # the label's passage holds the words of the answer, but the tower's is the one that answers
    wrong = Case("tower", "How many steps has the tower?", (), {"library": 1.0})
    found = pairs(rag, (wrong,), match((wrong,), rag.store))
    assert doubtful(rag, replace(found[0], rank=0)) == DISAGREE


def test_a_question_that_fits_many_passages_is_doubted(rag: Rag) -> None:
    many = Case("tour", "When does the guide begin?", ("noon",), {"tour0": 1.0})
    (pair,) = pairs(rag, (many,), match((many,), rag.store))
    assert doubtful(rag, replace(pair, rank=5)) == MANY
    assert doubtful(rag, replace(pair, rank=1)) is None


def test_doubted_pairs_are_told_and_dropped_or_kept(rag: Rag) -> None:
    wrong = replace(RIGHT[0], id="wrong", relevant={"library": 1.0})
    cases = (*RIGHT, wrong)
    found = pairs(rag, cases, match(cases, rag.store))
    sifted = sift(rag, found, "drop")
    assert [pair.case.id for pair in sifted.kept] == ["hall", "tower", "roses", "maps"]
    assert sifted.to_dict() == {"dropped": True, ABSENT: ["wrong"]}
    assert sifted.notes == [
        "1 training question looks wrong and is left out: 1 answer not in the passage; "
        "'When was the great hall opened?' (answer not in the passage)"
    ]
    assert len(sift(rag, found, "keep").kept) == 5
