"""Yes or no: the claim that a question makes, its negation, and when a word is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag import Document, Rag
from rag.reading import Passage, Reading
from rag.reading.polar import claims_of, word


class Told:
    """Supports what it is told to."""

    name = fingerprint = "told"

    def __init__(self, true: float, false: float) -> None:
        self.true, self.false = true, false

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        return [Reading(0.0, 0.5, ()) for _ in passages]

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [self.false if " not " in claim else self.true for claim, _ in pairs]


def test_a_question_becomes_a_claim_and_its_negation() -> None:
    assert claims_of("Is it open?") == [("it is open.", "it is not open.")]
    assert claims_of("May the walls be painted?") == [
        ("the walls may be painted.", "the walls may not be painted."),
        ("the walls be may painted.", "the walls be may not painted."),
    ]
    assert claims_of("Who is it?") == []
    assert claims_of("Is it red or blue?") == [], "neither yes nor no would answer"
    assert claims_of("Isn't it open?") == [], "and here either may mean both"


@pytest.mark.parametrize(
    ("true", "false", "question", "sentence", "said"),
    [
        (0.9, 0.1, "Is the lift open?", "The lift is open.", "Yes"),
        (0.6, 0.1, "Is the lift open?", "The lift is open.", ""),  # not sure enough
        (0.1, 0.9, "Is the lift open?", "The lift is not open.", "No"),
        (0.9, 0.8, "Is the lift open?", "The lift is not open.", ""),  # supported, and yet negated
        (0.1, 0.9, "Is the lift never open?", "The lift is not open.", ""),  # of two negations nothing
        (0.9, 0.1, "Is the lift open on Mondays?", "The lift is open except on Mondays.", ""),
        (0.9, 0.1, "Does it cost 5 euros?", "It costs 7 euros.", ""),
        (0.9, 0.1, "Does it cost 5 euros?", "It costs 5 euros.", "Yes"),
    ],
)
def test_a_word_is_said_where_it_is_proved(
    true: float, false: float, question: str, sentence: str, said: str
) -> None:
    assert word(Told(true, false), question, sentence) == said


def test_the_built_in_answer_says_the_word_with_its_proof(tmp_path: Path) -> None:
    text = "Laptops can be washed by hand. Corvatin contains no lactose. The tablets may be divided."
    with Rag(tmp_path / "i", settings={"stages.extractive": {"yes_no": True}}) as rag:
        rag.ingest(Document.make(text, "leaflet.txt", title="Leaflet of Corvatin"))
        yes, no = rag.ask("May the tablets be divided?"), rag.ask("Does Corvatin contain lactose?")
        assert yes.text == "Yes. The tablets may be divided. [1]"
        assert yes.citations[0].quote == "The tablets may be divided."
        assert text[yes.citations[0].start : yes.citations[0].end] == yes.citations[0].quote
        assert not no.text.startswith("Yes")
        plain = rag.variant({"stages.extractive": {"yes_no": False}}).ask("May the tablets be divided?")
        assert plain.text == "The tablets may be divided. [1]"
