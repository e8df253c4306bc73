"""Hits that contradict each other: claims, sides, weights, and the note to the reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.denoise.claims import Claim, agree, values_of
from rag.denoise.conflicts import build as conflicts
from rag.denoise.conflicts import sides, weight
from rag.testing import WordEmbedder
from rag.types import Question
from tests.stages.small import hit, opened, traced

EMBEDDER = WordEmbedder(4096)


@pytest.mark.parametrize(
    ("question", "sentence", "values"),
    [
        ("How many lifts are there?", "There are three lifts.", {"3"}),
        ("How many lifts are there in hall 2?", "In hall 2 are 1,204 lifts.", {"1204"}),
        ("When did the mill burn?", "The mill burned on 3 May 1911.", {"1911"}),
        ("When does it open?", "It opens at 9:30.", {"9:30"}),
        ("Who built the mill?", "The mill was built by Ada de Vries.", {"ada de vries"}),
        ("Who built Ada's mill?", "Built by Ada Holm, it still stands.", {"holm"}),
        ("Why did it burn?", "Lightning struck in 1911.", set()),
        ("Who built it?", "Nobody knows.", set()),
    ],
)
def test_values_are_what_the_question_asks_for(question: str, sentence: str, values: set[str]) -> None:
    assert values_of(question, sentence) == values


def test_a_part_of_a_name_agrees_with_the_whole() -> None:
    assert agree(frozenset({"ada de vries"}), frozenset({"vries", "holm"}))
    assert not agree(frozenset({"ada"}), frozenset({"adam"}))
    assert not agree(frozenset(), frozenset({"ada"}))


def claim(source: str, support: float, *values: str, start: int = 0) -> Claim:
    return Claim(0, hit("x", source=source, start=start), "x", support, frozenset(values))


def test_a_side_weighs_each_document_once() -> None:
    # {1911}: a counts once at .9, b at .7: 1.6. {1912}: c at .95.
    found = sides(
        [
            claim("c", 0.95, "1912"),
            claim("a", 0.9, "1911"),
            claim("a", 0.8, "1911", start=9),
            claim("b", 0.7, "1911", "1910"),
        ]
    )
    assert [weight(side) for side in found] == pytest.approx([1.6, 0.95])
    # a claim that shares a value with two sides makes one of them
    assert len(sides([claim("a", 0.5, "1"), claim("b", 0.5, "2"), claim("c", 0.5, "1", "2")])) == 1


MILL = {
    "annals.txt": "The mill burned down in 1911.",
    "gossip.txt": "The mill burned down in 1899.",
    "letter.txt": "The mill burned down in 1911, wrote the miller.",
}


def test_the_answer_says_that_sources_disagree_and_who_says_what(tmp_path: Path) -> None:
    with opened(tmp_path, MILL, denoise=["conflicts"]) as rag:
        answer = rag.ask("When did the mill burn down?")
    (told,) = answer.notes
    assert told.startswith("The sources disagree. ")
    assert "gossip.txt: “The mill burned down in 1899.”" in told
    heavier, _, lighter = told.partition(" But ")
    assert "annals.txt" in heavier
    assert "letter.txt" in heavier
    assert "gossip.txt" in lighter
    assert answer.hits[-1].chunk.source == "gossip.txt", "the lighter side moves behind"
    assert "1911" in answer.sentences[0].text
    (record,) = [one for one in answer.trace if one.name == "conflicts"]
    assert [len(side["claims"]) for side in record.detail["sides"]] == [2, 1]


def test_weighing_can_be_left_out() -> None:
    hits = [hit(MILL[name], source=name) for name in ("gossip.txt", "annals.txt", "letter.txt")]
    question = "When did the mill burn down?"
    found, record = traced(conflicts(EMBEDDER, least=0.1, weigh=False), question, hits)
    assert found == hits
    assert record.detail["notes"]


def test_sources_that_agree_are_left_alone() -> None:
    hits = [hit(MILL[name], source=name) for name in ("annals.txt", "letter.txt")]
    stage = conflicts(EMBEDDER, least=0.1)
    found, record = traced(stage, "When did the mill burn down?", hits)
    assert found == hits
    assert "notes" not in record.detail
    assert stage(Question("When?"), []) == []
    # Outside of a pipeline there is no trace to tell, and that is all.
    assert len(stage(Question("When did the mill burn down?"), [*hits, hit("It burned in 1899.")])) == 3
