"""What a study found: the sentence that concludes it, and yes, no or maybe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag import Document, Rag
from rag.reading.findings import asks_finding, finding, is_study, verdict

STUDY = (
    "OBJECTIVE: To find out whether zinc prevents colds in adults. METHODS: 300 adults were randomised "
    "to zinc or "
    "placebo. RESULTS: Colds occurred in 41 % and 42 % (P = .8). CONCLUSION: Zinc did not prevent colds."
)


def level(said: Sequence[str]) -> list[float]:
    return [0.5] * len(said)


def test_the_conclusion_answers_and_not_the_aim() -> None:
    found = finding("Does zinc prevent colds?", STUDY, level)
    assert found is not None
    assert STUDY[found.start : found.end] == "Zinc did not prevent colds."
    assert found.verdict == "No"


@pytest.mark.parametrize(
    ("question", "sentence", "said"),
    [
        ("Does zinc prevent colds?", "Zinc lowered the number of colds.", "Yes"),
        ("Does zinc prevent colds?", "Colds were as frequent as with placebo.", "No"),
        ("Is zinc as good as honey?", "Zinc was as good as honey.", "Yes"),
        ("Does zinc prevent colds?", "Colds differed little (hazard ratio 1.02, 95 % CI .8 to 1.3).", "No"),
        ("Does zinc prevent colds?", "The evidence is inconsistent.", "Maybe"),
        ("Does zinc cause rashes?", "Zinc was harmless.", "No"),
        ("Should zinc be avoided?", "Zinc need not be avoided.", "No"),
    ],
)
def test_the_words_of_a_finding_decide(question: str, sentence: str, said: str) -> None:
    assert verdict(question, sentence) == said


def test_only_studies_and_questions_for_yes_or_no_are_meant() -> None:
    assert is_study(STUDY)
    assert not is_study("The lift is open on Mondays. Visitors register at the desk.")
    assert asks_finding("Zinc against colds: does it help?")
    assert not asks_finding("Which colds does zinc prevent?")


def test_the_built_in_answer_cites_the_conclusion(tmp_path: Path) -> None:
    with Rag(tmp_path / "i", settings={"stages.extractive": {"findings": True}}) as rag:
        rag.ingest(Document.make(STUDY, "zinc.txt"))
        answer = rag.ask("Does zinc prevent colds in adults?")
        assert answer.text == "No. Zinc did not prevent colds. [1]"
        cited = answer.citations[0]
        assert STUDY[cited.start : cited.end] == cited.quote == "Zinc did not prevent colds."
