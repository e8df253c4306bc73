"""Stages that wait for a condition, and what is tried before a refusal: called or not, as the trace says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag import Answer, ConfigError, Document, Hit, Query, Question, Rag
from rag.generate import Quote
from rag.pipeline.conditional import Conditional, spelled
from rag.reading import Passage, Reading, Span
from rag.testing import WordEmbedder
from rag.trace import Record
from rag.types import Turn

TEXTS = {
    "hall.txt": "The hall opened in 1931. It has nine doors.",
    "bees.txt": "A bee has four wings.",
    "code.txt": "ERR_4021 means that the disk is full.",
}


class Certain:
    """A reader that takes a passage for an answer by the words it has; it counts what it reads."""

    name = fingerprint = "certain"

    def __init__(self, **sure: float) -> None:
        self._sure, self.asked = sure, 0

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        self.asked += len(passages)
        found = []
        for passage in passages:
            best = max([p for word, p in self._sure.items() if word in passage.text.lower()], default=0.0)
            found.append(Reading(10 * best - 5, best, (Span(0, 3, best),)))
        return found

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [1.0] * len(pairs)


def opened(folder: Path, reader: Certain | None = None, **options: Any) -> Rag:
    given = {"denoise": [], "ground": [], **options}
    rag = Rag(folder / "index", embedder=WordEmbedder(4096), **given)
    rag.ingest(Document.make(text, source) for source, text in TEXTS.items())
    rag.reader = reader or Certain()
    return rag


def ran(records: Sequence[Record], name: str) -> bool:
    (record,) = [one for one in records if one.name == name]
    return bool(record.detail["ran"])


def test_a_name_is_taken_apart() -> None:
    assert spelled("hyde") == ("hyde", "", True)
    assert spelled("hyde if unsure") == ("hyde", "unsure", True)
    assert spelled("hyde if not unsure") == ("hyde", "unsure", False)


def test_a_stage_waits_until_the_reader_is_unsure(tmp_path: Path) -> None:
    reader = Certain(opened=0.9, wings=0.2)
    with opened(tmp_path, reader, augment=["feedback if unsure"], settings={"search.k": 1}) as rag:
        hits, sure = rag.explain("When was the hall opened?")
        assert not ran(sure, "feedback if unsure")
        assert sure[0].detail["best"] == 0.9
        assert reader.asked == 1, "the first search brings the k hits"
        _, unsure = rag.explain("How many wings has a bee?")
        assert ran(unsure, "feedback if unsure")
        assert sum(one.name == "feedback if unsure" for one in unsure) == 1, "one record"
        assert [one.stage for one in sure] == ["augment", "retrieve"]
        with rag.variant(augment=[]) as plain:
            assert hits == plain.search("When was the hall opened?"), "a stage that waits changes nothing"
        with rag.variant(augment=["feedback"]) as always, rag.variant(augment=["feedback if unsure"]) as some:
            some.reader = reader
            assert some.search("How many wings?") == always.search("How many wings?")


def test_the_first_search_keeps_to_the_filter(tmp_path: Path) -> None:
    with opened(tmp_path, Certain(opened=0.9), augment=["feedback if unsure"]) as rag:
        assert not ran(rag.explain("hall opened")[1], "feedback if unsure")
        assert ran(rag.explain("hall opened", where='source = "bees.txt"')[1], "feedback if unsure")


@pytest.mark.parametrize(
    ("condition", "holds", "fails"),
    [
        ("jargon", "What does ERR_4021 mean?", "What does the code mean?"),
        ("jargon", "Who signs the SLA?", "WHO SIGNS IT?"),
        ("multi", "When did the hall open and how many doors has it?", "When did the hall open?"),
        ("multi", "How many doors? How many wings?", "Who runs Salt and Pepper?"),
    ],
)
def test_the_words_of_a_question_are_a_condition(
    tmp_path: Path, condition: str, holds: str, fails: str
) -> None:
    reader = Certain()
    with opened(tmp_path, reader, augment=[f"feedback if {condition}"]) as rag:
        for question, expected in ((holds, True), (fails, False)):
            assert ran(rag.explain(question)[1], f"feedback if {condition}") is expected
    assert not reader.asked, "nothing is read, and nothing searched"


def test_a_conversation_is_a_condition(tmp_path: Path) -> None:
    with opened(tmp_path, augment=["feedback if history"]) as rag:
        assert not ran(rag.explain("And its doors?")[1], "feedback if history")
        history = [Turn("When did the hall open?", "1931")]
        assert ran(rag.explain("And its doors?", history=history)[1], "feedback if history")


def test_stages_of_every_kind_wait_and_go_by_what_they_get(tmp_path: Path) -> None:
    reader = Certain(opened=0.9)
    settings = {"stages.unsure": {"below": 0.95}}
    with opened(tmp_path, reader, denoise=["mmr if not unsure"], reorder=["reverse if unsure"]) as rag:
        answer = rag.ask("When was the hall opened?")
        assert ran(answer.trace, "mmr if not unsure")
        assert not ran(answer.trace, "reverse if unsure")
        with rag.variant(settings) as other:
            other.reader = reader
            answer = other.ask("When was the hall opened?")
            assert not ran(answer.trace, "mmr if not unsure")
            assert ran(answer.trace, "reverse if unsure")


def test_a_conditional_stage_keeps_its_reach() -> None:
    def deep(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        return hits

    deep.reach = 40  # type: ignore[attr-defined]
    assert Conditional("deep if unsure", deep, lambda question, found: True).reach == 40
    assert not hasattr(Conditional("x", lambda q, h: h, lambda question, found: True), "reach")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"augment": ["feedback if certain"]}, "there is no condition named 'certain'"),
        ({"augment": ["hide if unsure"]}, "there is no augment stage named 'hide'"),
        ({"retrieve": "dense if unsure"}, "cannot have a condition"),
        ({"settings": {"stages.unsure": {"beneath": 1}}}, "has no option beneath"),
        (
            {"settings": {"ask.retry": ["k=many"]}},
            "ask.retry has 'k=many', expected k=30 or an augment stage",
        ),
    ],
)
def test_what_cannot_wait_is_one_clear_error(tmp_path: Path, given: dict[str, Any], message: str) -> None:
    options = {"augment": ["feedback if unsure"], **given}
    with opened(tmp_path, **options) as rag, pytest.raises(ConfigError, match=message):
        rag.ask("hall")


def generator(needed: int) -> Callable[[Question, Sequence[Hit]], list[Quote]]:
    """Answers with the last hit, once it gets as many as it needs."""

    def generate(question: Question, hits: Sequence[Hit]) -> list[Quote]:
        last = len(hits) - 1
        return [Quote(last, 0, len(hits[last].chunk.text), 0.9)] if len(hits) >= needed else []

    return generate


def test_a_refusal_is_the_last_resort(tmp_path: Path) -> None:
    settings = {"ask.retry": ["k=2", "k=3"], "search.k": 1}
    with opened(tmp_path, generate=generator(3), ground=["abstain"], augment=[], settings=settings) as rag:
        events = list(rag.stream("hall"))
        answer = events[-1].answer
        assert isinstance(answer, Answer)
        assert not answer.abstained
        assert len(answer.hits) == 3
        retries = [(one.name, one.came_in, one.went_out) for one in answer.trace if one.stage == "retry"]
        assert retries == [
            ("k=2", "abstained, confidence 0.00", "abstained, confidence 0.00"),
            ("k=3", "abstained, confidence 0.00", "1 sentence, confidence 0.90"),
        ]
        assert [one.record for one in events if one.kind == "stage"] == list(answer.trace)
    with opened(tmp_path, generate=generator(1), ground=["abstain"], augment=[], settings=settings) as rag:
        assert not any(one.stage == "retry" for one in rag.ask("hall").trace), "an answer is not asked twice"
    with opened(tmp_path, generate=generator(9), ground=["abstain"], augment=[], settings=settings) as rag:
        answer = rag.ask("hall")
        assert answer.abstained
        assert len(answer.hits) == 1, "nothing helped: the refusal is the first"


def test_a_retry_adds_a_stage(tmp_path: Path) -> None:
    def widened(question: Question) -> Question:
        return replace(question, queries=(Query(question.text), Query("bee wings")))

    def told(question: Question, hits: Sequence[Hit]) -> list[Quote]:
        return [Quote(n, 0, 5, 0.9) for n, hit in enumerate(hits) if "wings" in hit.chunk.text]

    settings = {"ask.retry": ["feedback"], "search.k": 1, "search.retrieve": "lexical"}
    with opened(tmp_path, generate=told, ground=["abstain"], augment=[], settings=settings) as rag:
        answer = rag.ask("hall")
        assert answer.abstained
        assert [one.name for one in answer.trace if one.stage == "augment"] == ["feedback"]
        with rag.variant(augment=[widened]) as other:
            assert not other.ask("insects").abstained
