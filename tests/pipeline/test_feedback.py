"""What people say of answers: ratings, corrections that outrank sources, and question sets made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rag import ConfigError, Document, Rag
from rag.augment.ratings import ratings
from rag.chat import Chat, Notice
from rag.cli import app
from rag.evaluate import read_questions
from rag.evaluate.questions.from_feedback import from_feedback
from rag.evaluate.questions.label import chosen, label
from rag.testing import WordEmbedder

HALL = "When was the great hall opened?"
STEPS = "How many steps has the tower?"


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[Rag]:
    texts = {
        "hall.md": "The great hall opened in 1931. Its roof is made of copper.",
        "tower.md": "The tower has ninety steps. Visitors climb it on Sundays.",
    }
    with Rag(tmp_path / "index", embedder=WordEmbedder(4096), settings={"index.language": "english"}) as rag:
        rag.ingest(Document.make(text, source) for source, text in texts.items())
        yield rag


def test_a_correction_goes_before_documents_is_cited_as_a_note_and_leaves_no_trace(rag: Rag) -> None:
    before = {question: rag.ask(question) for question in (HALL, STEPS)}
    assert "1931" in before[HALL].text
    source = rag.correct(HALL, "The great hall opened in 1932, after a fire.")
    answer = rag.ask(HALL)
    assert answer.sentences[0].text == "The great hall opened in 1932, after a fire."
    assert not answer.abstained
    (citation,) = answer.citations
    assert citation.source == source
    assert source.startswith("note:")
    assert rag.ask(HALL.upper().rstrip("?")).citations[0].source == source, "the same words, the same note"
    with Rag(rag.index, embedder=rag.embedder, store=rag.store) as again:
        assert again.ask(HALL).citations[0].source == source, "another process knows it too"
    filtered = rag.ask(HALL, where='source ~ "*.md"')
    assert filtered.text == before[HALL].text
    assert source not in str(filtered), "a filter chooses documents: no hit and no record tells of the note"
    unrelated = rag.ask(STEPS)
    assert unrelated.text == before[STEPS].text
    assert all(hit.chunk.source != source for hit in unrelated.hits), "it is no hit for another question"
    assert rag.corrections() == {HALL: "The great hall opened in 1932, after a fire."}
    rag.correct(HALL, "In 1933.")
    assert rag.corrections() == {HALL: "In 1933."}
    assert rag.uncorrect(HALL) == source
    after = {question: rag.ask(question) for question in (HALL, STEPS)}
    for question in (HALL, STEPS):
        assert (after[question].text, after[question].citations) == (
            before[question].text,
            before[question].citations,
        )
        assert after[question].hits == before[question].hits
    assert rag.corrections() == {}
    assert not (rag.home / "corrections.json").exists()
    with pytest.raises(ConfigError, match="has no correction"):
        rag.uncorrect(HALL)
    with pytest.raises(ConfigError, match="expected a question and what is right"):
        rag.correct(HALL, " ")


def test_ratings_become_questions_and_memory(rag: Rag, tmp_path: Path) -> None:
    assert rag.rate(HALL, good=True).sources == ("hall.md",)
    rag.rate(STEPS, good=True)
    rag.rate(STEPS, good=False)
    assert [(one.question, one.good) for one in ratings(rag.home)] == [(HALL, True), (STEPS, False)]
    solved = [json.loads(line)["question"] for line in (rag.home / "solved.jsonl").read_text().splitlines()]
    assert solved == [HALL], "what was called bad is forgotten"
    with pytest.raises(ConfigError, match="was declined"):
        rag.rate("Zebra quantum marmalade?", good=True)
    made = from_feedback(rag, tmp_path / "f.jsonl")
    assert (made.questions, made.left_out) == (1, (STEPS,))
    rag.correct(STEPS, "It has ninety-one steps.")
    assert from_feedback(rag, tmp_path / "g.jsonl").questions == 2
    good, corrected = read_questions(tmp_path / "g.jsonl")
    assert (good.question, good.relevant, good.meta["from"]) == (HALL, {"hall.md": 1.0}, "good")
    assert "1931" in good.answers[0]
    assert (corrected.question, corrected.answers) == (STEPS, ("It has ninety-one steps.",))
    with pytest.raises(ConfigError, match="exists"):
        from_feedback(rag, tmp_path / "g.jsonl")


def test_ratings_in_a_chat(rag: Rag) -> None:
    talk = Chat(rag)
    assert list(talk.say("/good")) == [Notice("nothing was asked yet")]
    list(talk.say(HALL))
    assert list(talk.say("/good")) == [Notice("kept as right")]
    assert list(talk.say("/bad")) == [Notice("kept as wrong")]
    (one,) = ratings(rag.home)
    assert not one.good


def test_what_to_judge_next_by_hand() -> None:
    # Two groups: 0, 1, 2 point one way, 3 and 4 another. All are equally doubtful, one neighbour each.
    angles = np.array([0.0, 0.1, 0.2, 1.5, 1.6])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    first, second, *_ = chosen(vectors, [1.0] * 5, 5, neighbours=1)
    assert first == 1, "the nearest of 0 and of 2"
    assert second == 3, "then one of the group that has no label: 2 against .3 and less"
    assert chosen(vectors, [0.05, 0.05, 0.05, 0.05, 1.0], 1, neighbours=1) == [4], "doubt counts"
    assert chosen(vectors[:1], [1.0], 3) == [0]


def test_labels_are_written(rag: Rag, tmp_path: Path) -> None:
    asked = tmp_path / "asked.txt"
    asked.write_text(f"{HALL}\n{STEPS}\n\n{HALL}\n" + '{"question": "Zebra quantum marmalade?"}\n')
    made = label(rag, asked, tmp_path / "label.jsonl", number=2)
    assert (made.chosen, made.asked) == (2, 3)
    rows = [json.loads(line) for line in (tmp_path / "label.jsonl").read_text().splitlines()]
    assert all(row["answers"] == [] and "confidence" in row["meta"] for row in rows)
    with pytest.raises(ConfigError, match="exists"):
        label(rag, asked, tmp_path / "label.jsonl")
    (tmp_path / "none.txt").write_text("\n")
    with pytest.raises(ConfigError, match="holds no questions"):
        label(rag, tmp_path / "none.txt", tmp_path / "l.jsonl")


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hall.md").write_text("The great hall opened in 1931. Its roof is made of copper.")

    def rag(*words: str) -> str:
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, done.output
        return done.output

    rag("ingest", "hall.md")
    assert "1931" in rag("good", HALL)
    assert json.loads(rag("bad", HALL, "--json"))["good"] is False
    assert "kept note:" in rag("correct", HALL, "It opened in 1932.")
    assert "1932" in rag("ask", HALL)
    assert "1932" in rag("correct", "--list")
    assert "1 question in" in rag("eval", "from-feedback", "f.jsonl")
    assert "removed note:" in rag("correct", HALL, "--remove")
    assert CliRunner().invoke(app, ["correct", HALL]).exit_code == 2
