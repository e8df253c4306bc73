"""The gate of a user's CI, calibration by hand, and conversations as question sets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from rag import ConfigError, Document, Hit, Question, Rag, Turn
from rag.cli import app
from rag.evaluate import Case, QuestionSet, Run, read_questions
from rag.evaluate.gate import gate
from rag.evaluate.measures import measure
from rag.evaluate.measures.calibration import calibration
from rag.evaluate.running.outcome import Outcome, Said
from rag.testing import WordEmbedder


def run(rights: Sequence[bool], documents: str = "a") -> Run:
    """A run in which question n is answered right or not."""
    cases = tuple(Case(str(n), f"When did hall {n} open?", ("1931",)) for n in range(len(rights)))
    said = [(Said("it opened in 1931" if right else "it opened late", 1.0),) for right in rights]
    outcomes = tuple(Outcome(case.id, said=one) for case, one in zip(cases, said, strict=True))
    identity = {"index": {"fingerprint": documents}, "questions": {"fingerprint": str(len(cases))}}
    return Run(QuestionSet("halls", cases), outcomes, (measure("Correct"),), identity)


def test_verdicts_by_hand() -> None:
    kept = run([True] * 100)
    same = gate(kept, run([True] * 100))
    assert (same.verdict, same.passed) == ("holds", True)
    worse = gate(kept, run([True] * 80 + [False] * 20))
    assert worse.verdict == "worse"
    few = gate(run([True] * 12), run([True] * 11 + [False]))
    assert few.verdict == "undecided", "one of twelve may be chance, and may be a fall of .08"
    assert gate(run([True] * 12), run([True] * 11 + [False]), min_effect=0.5).verdict == "holds"
    small = gate(run([True] * 1000), run([True] * 990 + [False] * 10), min_effect=0.02)
    assert small.verdict == "holds", "a proven fall of .01 is smaller than what matters"
    assert small.measures[0].row.difference.high < 0
    better = gate(run([True] * 80 + [False] * 20), kept)
    assert better.verdict == "holds"


def test_what_it_writes() -> None:
    found = gate(run([True] * 100), run([True] * 80 + [False] * 20))
    suite = ElementTree.fromstring(found.junit())
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("1", "1", "0")
    (case,) = suite.iter("testcase")
    assert case.get("name") == "Correct"
    failure = case.find("failure")
    assert failure is not None
    assert "1.000 → 0.800 (-0.200" in str(failure.get("message"))
    assert "| Correct | 1.000 | 0.800 | -0.200 |" in found.markdown()
    assert found.to_dict()["measures"]["Correct"]["verdict"] == "worse"


def test_other_documents_and_questions_are_refused() -> None:
    with pytest.raises(ConfigError, match="over other documents"):
        gate(run([True] * 9), run([True] * 9, "b"))
    with pytest.raises(ConfigError, match="over other questions"):
        gate(run([True] * 9), run([True] * 8))
    assert gate(run([True] * 9), run([True] * 8, "b"), allow_other=True).questions == 8
    with pytest.raises(ConfigError, match="F1 not in both runs"):
        gate(run([True] * 9), run([True] * 9), measures=["F1"])
    with pytest.raises(ConfigError, match="min-effect is 2"):
        gate(run([True] * 9), run([True] * 9), min_effect=2)


def test_exit_codes_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for n in range(12):
        (tmp_path / "docs" / f"{n}.md").write_text(f"The hall of town {n} opened in {1900 + n}.")
    rows = [
        {"id": str(n), "question": f"When was the hall of town {n} opened?", "answers": [str(1900 + n)]}
        for n in range(12)
    ]
    (tmp_path / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def rag(*words: str) -> int:
        return CliRunner().invoke(app, list(words)).exit_code

    assert rag("ingest", "docs") == 0
    assert rag("eval", "qa.jsonl", "--out", "kept") == 0
    held = ("eval", "gate", "qa.jsonl", "--baseline", "kept/run.json", "--measure", "Correct")
    assert rag(*held, "--junit", "g.xml", "--markdown", "g.md") == 0
    assert "holds" in (tmp_path / "g.md").read_text()
    (tmp_path / "rag.toml").write_text("[ask]\nabstain_below = 1.0\n")
    assert rag(*held) == 1, "everything is declined now"
    (tmp_path / "docs" / "0.md").write_text("Nothing is known of the hall.")
    (tmp_path / "rag.toml").write_text("")
    assert rag("ingest", "docs") == 0
    assert rag(*held) == 2, "other documents"
    assert rag(*held, "--allow-other") == 4, "one question of twelve is undecided"


def test_calibration_by_hand() -> None:
    found = calibration([(0.95, True), (0.91, True), (0.92, False), (0.15, False), (1.0, True)])
    assert [(one.low, round(one.confidence, 3), one.right.mean) for one in found.bins] == [
        (0.1, 0.15, 0.0),
        (0.9, 0.945, 0.75),
    ]
    assert found.ece == pytest.approx(1 / 5 * 0.15 + 4 / 5 * (0.945 - 0.75))
    assert calibration([]).ece == 0


def test_a_conversation_is_asked_with_its_history(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    first = {"id": "1", "question": "Who leads the Oslo office?", "answers": ["Berg"]}
    follow = {"id": "2", "question": "And since when?", "answers": ["2019"]}
    follow["history"] = [{"question": "Who leads the Oslo office?", "answer": "Berg leads the Oslo office."}]  # type: ignore[assignment]
    path.write_text(json.dumps(first) + "\n" + json.dumps(follow) + "\n")
    asked = read_questions(path)
    assert asked.get("2").history == (Turn("Who leads the Oslo office?", "Berg leads the Oslo office."),)
    assert read_questions_again(asked, tmp_path) == asked.cases
    seen: list[str] = []

    def watched(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        seen.append(question.text)
        return hits

    with Rag(tmp_path / "i", embedder=WordEmbedder(4096), denoise=[watched]) as rag:
        rag.ingest(
            [
                Document.make(
                    "Berg leads the Oslo office. Berg has led the Oslo office since 2019.", "oslo.md"
                ),
                Document.make("The canteen has been open since 2004.", "canteen.md"),
            ]
        )
        found = rag.evaluate(asked, workers=1)
    assert "Oslo" in seen[1], "the follow-up is understood by the turn before it"
    assert found.groups["turn"]["2"]["Correct"].n == 1
    path.write_text('{"question": "And?", "answers": ["x"], "history": ["who"]}\n')
    with pytest.raises(ConfigError, match="history is"):
        read_questions(path)


def read_questions_again(asked: QuestionSet, folder: Path) -> tuple[Case, ...]:
    path = folder / "again.jsonl"
    path.write_text("".join(json.dumps(case.to_dict()) + "\n" for case in asked))
    return read_questions(path).cases
