"""What a study found: the sentence that concludes it, and yes, no or maybe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rag import Document, Rag
from rag.indexes import Analyzer
from rag.reading.findings import asks_finding, finding, is_study, verdict
from rag.reading.subject import unsaid

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
    assert is_study("We gave 67 adults a heavy blanket. Their sleep was the same. It did not help.") is False
    assert is_study(
        "We gave 67 adults a heavy blanket in a trial. Their sleep was the same. It did not help."
    )
    assert not is_study("The lift is open on Mondays. Visitors register at the desk.")
    assert not is_study("Effects and effect: 12 children come on Mondays.")  # a word counts once
    assert asks_finding("Zinc against colds: does it help?")
    assert not asks_finding("Which colds does zinc prevent?")


def test_the_built_in_answer_cites_the_conclusion(tmp_path: Path) -> None:
    with Rag(tmp_path / "i", settings={"stages.extractive": {"findings": True}}) as rag:
        rag.ingest(Document.make(STUDY, "zinc.txt"))
        answer = rag.ask("Does zinc prevent colds in adults?")
        assert answer.text == "No. Zinc did not prevent colds. [1]"
        cited = answer.citations[0]
        assert STUDY[cited.start : cited.end] == cited.quote == "Zinc did not prevent colds."


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("Does garlic prevent colds in adults?", "garlic"),  # another remedy
        ("Does zinc prevent kidney stones in adults?", "kidney"),  # another outcome
    ],
)
def test_a_study_of_something_near_does_not_answer(tmp_path: Path, question: str, word: str) -> None:
    with Rag(tmp_path / "i", settings={"stages.extractive": {"findings": True}}) as rag:
        rag.ingest(Document.make(STUDY, "zinc.txt"))
        answer = rag.ask(question)
        assert answer.abstained
        assert not answer.citations
        assert any(f"“{word}”" in note for note in answer.notes)
        record = next(record for record in answer.trace if record.stage == "generate")
        assert record.detail["form"] == "no study of this"


def test_the_study_that_is_about_the_question_answers_before_a_nearer_one(tmp_path: Path) -> None:
    near = STUDY.replace("Zinc", "Garlic").replace("zinc", "garlic").replace("did not prevent", "prevented")
    with Rag(tmp_path / "i", settings={"stages.extractive": {"findings": True}}) as rag:
        rag.ingest([Document.make(near, "garlic.txt"), Document.make(STUDY, "zinc.txt")])
        for question, text, source in (
            ("Does zinc prevent colds in adults?", "No. Zinc did not prevent colds. [1]", "zinc.txt"),
            ("Does garlic prevent colds in adults?", "Yes. Garlic prevented colds. [1]", "garlic.txt"),
        ):
            answer = rag.ask(question)
            assert (answer.text, answer.citations[0].source) == (text, source)


def test_what_a_study_does_not_say_is_known_by_words_and_by_vectors() -> None:
    """With vectors of my own: `colds` and `infections` are one axis, every other word has its own."""
    axes = {"colds": 0, "infections": 0}

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), 500), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for one in text.lower().split():
                row[axes.setdefault(one, len(axes))] = 1
            row /= np.linalg.norm(row)
        return rows

    analyze = Analyzer("english").analyze
    assert unsaid("Does zinc prevent colds?", STUDY, analyze, embed) == []
    assert unsaid("Does zinc prevent infections?", STUDY, analyze, embed) == []  # cos(infections, colds) = 1
    assert unsaid("Does garlic prevent influenza?", STUDY, analyze, embed) == ["garlic", "influenza"]
    assert unsaid("Is zinc safe, and is it worth the price?", STUDY, analyze, embed) == ["price"]
