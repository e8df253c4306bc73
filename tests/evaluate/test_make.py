"""Questions that a language model writes, checked by the reader; and the same set in other words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from rag import Case, ConfigError, Rag
from rag.evaluate import read_questions
from rag.evaluate.experiments.modes import side_by_side
from rag.evaluate.questions.from_model import Writer, usable
from rag.evaluate.questions.make import make, paraphrase
from rag.generate.prompted import prompted
from rag.llm.chat import DEFAULTS, ChatOptions, Message
from rag.types import Hit, Question

WRITTEN = {
    "hall": [{"question": "When did the great hall open?", "answer": "1931."}],
    "tower": [{"question": "Which steps has the text above?", "answer": "ninety"}],
    "garden": [{"question": "What do the roses in the garden cost?", "answer": "a fortune"}],
}
REWORDED = {
    "When did the great hall open?": "In which year did the great hall open?",
    "How many steps has the tower?": "Which moon does Jupiter have?",
    "What grows in the garden?": "what grows in the garden",
}


class Author:
    """Writes what the tables above say."""

    name, control, context_tokens = "author", (), 4000

    def __init__(self) -> None:
        self.shown: list[str] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        return sum(self.count(one.content) for one in messages)

    def chat(self, messages: Sequence[Message], options: ChatOptions = DEFAULTS) -> Iterator[str]:
        asked = messages[-1].content
        self.shown.append(asked)
        if "other words" in asked:
            other = next((told for question, told in REWORDED.items() if question in asked), "What?")
            yield json.dumps({"question": other})
        else:
            yield json.dumps(next(rows for name, rows in WRITTEN.items() if name in asked))


def test_what_a_model_writes_is_checked(rag: Rag, tmp_path: Path) -> None:
    made = make(rag, tmp_path / "qa.jsonl", number=3, unanswerable=0, model=Author())
    (case,) = made.cases
    assert (case.question, case.answers) == ("When did the great hall open?", ("1931",))
    assert case.relevant == {"hall.md": 1.0}
    assert case.meta == {"made": "model", "paraphrase": "In which year did the great hall open?"}
    assert made.tried == 1, "no answer in the passage, and no question about `the text`"
    assert "1 in other words too" in str(made)
    assert read_questions(tmp_path / "qa.jsonl").cases == (case,)


def test_the_readers_word_counts_and_not_the_models(rag: Rag, tmp_path: Path) -> None:
    """The pipeline's own generator would approve of everything."""
    gullible = rag.variant(generate=lambda question, hits: ["1931, ninety, Roses, copper [1]."])
    made = make(gullible, tmp_path / "qa.jsonl", number=3, unanswerable=0, model=Author())
    assert len(made.cases) == 1


@pytest.mark.parametrize(
    ("question", "answer", "good"),
    [
        ("In which year was it opened?", "1931", True),
        ("In which year was it opened", "1931", False),
        ("Was it opened in 1931?", "1931", False),
        ("In which year was it opened?", "1932", False),
        ("What does the passage say of 1930?", "1931", False),
        ("When?", "1931", False),
    ],
)
def test_usable_questions(question: str, answer: str, good: bool) -> None:
    assert usable(question, answer, "It was opened in 1931.") is good


def test_a_reply_that_is_no_list_gives_no_question(rag: Rag, scripted: Callable[..., object]) -> None:
    (chunk, _), *_ = rag.store.scan(limit=1)
    for reply in ("A question?", '{"question": "Who?", "answer": "x"}', "[]"):
        writer = Writer(scripted(reply))  # type: ignore[arg-type]
        assert list(writer.questions(chunk)) == []
        assert writer.paraphrase("Who?") == ""


@pytest.fixture
def scripted() -> Callable[[str], object]:
    class Says(Author):
        def __init__(self, reply: str) -> None:
            super().__init__()
            self.reply = reply

        def chat(self, messages: Sequence[Message], options: ChatOptions = DEFAULTS) -> Iterator[str]:
            yield "prose" if self.reply[0] == "{" and "other words" in messages[-1].content else self.reply

    return Says


def test_a_set_in_other_words(rag: Rag, tmp_path: Path) -> None:
    (tmp_path / "qa.jsonl").write_text(
        "".join(
            json.dumps(case.to_dict()) + "\n"
            for case in (
                Case("1", "When did the great hall open?", ("1931",)),
                Case("2", "How many steps has the tower?", ("ninety",)),
                Case("3", "What grows in the garden?", ("Roses",)),
                Case("4", "Zebra quantum marmalade?"),
            )
        )
    )
    author = Author()
    done = paraphrase(rag, tmp_path / "out.jsonl", tmp_path / "qa.jsonl", model=author)
    found = {case.id: case.meta.get("paraphrase") for case in read_questions(tmp_path / "out.jsonl")}
    assert found["1"] == "In which year did the great hall open?"
    assert found["2"] is None, "it asks something else, so the reader finds no answer in the passage"
    assert found["3"] is None, "the same words are no other words"
    assert found["4"] is None
    assert len(author.shown) == 3, "what has no answer cannot be checked"
    assert len(done.cases) == 4
    with pytest.raises(ConfigError, match="--model"):
        paraphrase(rag, tmp_path / "other.jsonl", tmp_path / "qa.jsonl")
    with pytest.raises(ConfigError, match="exists already"):
        paraphrase(rag, tmp_path / "out.jsonl", tmp_path / "qa.jsonl", model=author)


class Knowing(Author):
    """Knows the year of the hall by heart, and says so with sources and without."""

    def chat(self, messages: Sequence[Message], options: ChatOptions = DEFAULTS) -> Iterator[str]:
        self.shown.append(messages[-1].content)
        yield "It opened in 1931 [1]." if "<source" in messages[-1].content else "In 1931, I believe."


def knowing(question: Question, hits: Sequence[Hit]) -> list[str]:
    """A generator that knows the year with hits and without, by its name."""
    return ["It opened in 1931 [1]."] if hits else ["In 1931, I believe."]


def test_modes_of_a_model_and_of_tuned_settings(rag: Rag, tmp_path: Path) -> None:
    cases = [Case("1", "When was the great hall opened?", ("1931",), {"hall.md": 1.0})]
    model = Knowing()
    written = rag.variant(generate=prompted(model))
    found = side_by_side(written, cases, tuned="ask.generate=extractive", out=tmp_path / "out")
    assert list(found.runs) == ["closed book", "retrieval only", "all", "tuned"]
    assert not found.skipped, "a language model is asked without sources"
    assert any("<source" not in shown for shown in model.shown)
    assert found.runs["closed book"].summary["Contains"].mean == 1
    tuned = found.runs["tuned"]
    assert tuned.identity["pipeline"]["generate"] == ["extractive"]
    assert (found.gains["tuned"].a, found.gains["tuned"].b) == ("all", "tuned")
    assert "tuned − all: Correct" in str(found)
    with pytest.raises(ConfigError, match="no settings"):
        side_by_side(written, cases, tuned="sharper")


def test_a_tuned_model_is_asked_without_sources_too(rag: Rag, tmp_path: Path) -> None:
    cases = [Case("1", "When was the great hall opened?", ("1931",), {"hall.md": 1.0})]
    named = f"{__name__}:knowing"
    found = side_by_side(rag, cases, tuned=f"ask.generate={named}")
    assert list(found.runs) == ["retrieval only", "all", "tuned", "tuned closed book"]
    assert found.runs["tuned closed book"].summary["Contains"].mean == 1
    assert "tuned closed book" not in found.gains, "there is no closed book of the built-in answer"
    both = side_by_side(
        rag.variant({"ask.generate": named}, generate=None),
        cases,
        tuned="model.temperature=0.5",
    )
    gain = both.gains["tuned closed book"]
    assert (gain.a, gain.b) == ("closed book", "tuned closed book")
    assert "tuned closed book − closed book: Contains +0.000" in str(both)


def test_a_tuned_embedder_gets_an_index_of_its_own(rag: Rag, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text('{"id": "hall.md", "text": "The great hall opened in 1931."}\n')
    cases = [Case("1", "When was the great hall opened?", ("1931",), {"hall.md": 1.0})]
    found = side_by_side(rag, cases, corpus=corpus, tuned="index.embedder=builtin")
    indexed = {name: run.identity["index"]["embedder"] for name, run in found.runs.items()}
    assert indexed["all"] == rag.embedder.fingerprint != indexed["tuned"]
    with pytest.raises(ConfigError, match="--corpus"):
        side_by_side(rag, cases, tuned="index.embedder=builtin")
