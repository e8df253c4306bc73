"""Bounds, settings on the command line, ablation, modes and made questions, over the museum."""

from __future__ import annotations

import json
import socket
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag import ConfigError, Hit, Question, Rag
from rag.commands.evaluate import Task, evaluated
from rag.evaluate import Case, QuestionSet, read_questions
from rag.evaluate.experiments.ablation import ablation, cannot_run, variants
from rag.evaluate.experiments.bounds import check, read_bounds
from rag.evaluate.experiments.modes import side_by_side
from rag.evaluate.experiments.timing import timed
from rag.evaluate.questions.from_sentences import turned
from rag.evaluate.questions.make import make
from rag.evaluate.running.configs import configured, settings_of
from rag.evaluate.running.load import Load, watching


def test_bounds_of_every_form(rag: Rag, museum: QuestionSet, tmp_path: Path) -> None:
    path = tmp_path / "bounds.toml"
    path.write_text(
        '[bounds]\n"ndcg@10" = 0.5\nCorrect = {least = 0.99, sure = true}\n"ms.total.p95" = {most = 60000}\n'
        '"R@100" = 0.1\n'
    )
    found = check(rag.evaluate(museum), read_bounds(path))
    assert [(one.bound.name, one.passed) for one in found] == [
        ("nDCG@10", True), ("Correct", False), ("ms.total.p95", True), ("R@100", False),
    ]  # fmt: skip
    assert str(found[1]) == "Correct 0.3976 (end of the interval), expected ≥ 0.99", "0.025^(1/4) for 4 of 4"
    assert "not in this run" in str(found[3])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no bounds"),
        ("[bounds]\nbleu = 1", "no measure 'bleu'"),
        ('[bounds]\nF1 = "high"', "expected a number"),
        ("[bounds]\nF1 = {above = 1}", "expected least, most"),
        ('[bounds]\n"ms.total" = {most = 1}', "ms.STAGE.STATISTIC"),
        ("[bounds", "is no TOML"),
    ],
)
def test_malformed_bounds_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "b.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_bounds(tmp_path / "b.toml")


def test_settings_named_on_the_command_line(rag: Rag, tmp_path: Path) -> None:
    assert settings_of("default") == {}
    assert settings_of("search.retrieve=dense search.denoise= search.k=3 search.dense_weight=2") == {
        "search.retrieve": "dense", "search.denoise": (), "search.k": 3, "search.dense_weight": 2.0,
    }  # fmt: skip
    (tmp_path / "fast.toml").write_text("[search]\nk = 2\n[stages.duplicates]\nsimilarity = 0.5\n")
    fast = configured(rag, str(tmp_path / "fast.toml"), own_index=False)
    assert fast.settings.search.k == 2
    assert fast.settings.stages["duplicates"] == {"similarity": 0.5}
    assert len(fast.search("the")) == 2
    for text, message in (
        ("nonsense", "no run, no .toml file and no settings"),
        ("search.nothing=1", "no run"),
        ("search.k=many", "expected a whole number, 1 or more"),
        ("chunk.max_tokens=50", "--corpus"),
    ):
        with pytest.raises(ConfigError, match=message):
            configured(rag, text, own_index=False)


def test_one_task_at_a_time_and_comparing_settings(rag: Rag, museum: QuestionSet, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text("".join(json.dumps(case.to_dict()) + "\n" for case in museum))
    with pytest.raises(ConfigError, match="one task at a time"):
        evaluated(rag, path, Task(ablate=True, stress=True), {})
    run = rag.evaluate(path)
    told = evaluated(rag, path, Task(compare=(str(run.folder), "search.retrieve=lexical")), {})
    assert told.passed
    assert set(told.to_dict()["measures"]["Correct"]) == {"a", "b", "difference", "holm", "verdict"}
    (tmp_path / "b.toml").write_text("[bounds]\nCorrect = 1.0\n'R@3' = 1.0\n")
    tested = evaluated(rag, path, Task(tests=tmp_path / "b.toml"), {})
    assert tested.passed
    assert tested.to_dict()["tests"][1] == {
        "name": "R@3", "least": 1.0, "most": None, "sure": False, "value": 1.0, "passed": True,
    }  # fmt: skip


def many() -> QuestionSet:
    """A dozen questions that only differ in their wording."""
    asked = [Case(str(n), f"When was the great hall opened {'now ' * n}?", ("1931",)) for n in range(12)]
    return QuestionSet("many", tuple(asked))


def spoil(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
    return [hit for hit in hits if "1931" not in hit.chunk.text]


def test_ablation_finds_a_stage_that_harms_and_writes_what_is_proven(rag: Rag, tmp_path: Path) -> None:
    harmed = rag.variant(denoise=["duplicates", spoil])
    done = ablation(harmed, many(), out=tmp_path / "out")
    assert done.base.summary["Correct"].mean == 0
    effects = {effect.variant.name: effect for effect in done.effects}
    assert effects["without spoil"].verdict == "proven better"
    assert effects["without duplicates"].verdict == "no difference"
    assert tomllib.loads((tmp_path / "out" / "winner.toml").read_text()) == {
        "search": {"denoise": ["duplicates"]}
    }
    assert "without spoil" in str(done)
    assert json.loads((tmp_path / "out" / "ablation.json").read_text())["measure"] == "Correct"
    assert all(done.skipped.values()), "what cannot be tried says why"
    told = str(done).splitlines()
    skipped = [line for line in told if line.startswith("not tried: ")]
    assert len(skipped) == len(set(done.skipped.values())), "one line a reason"
    assert any("openai for extractive" in line and "no language model is named" in line for line in skipped)
    assert told[-1] == f"report: {tmp_path / 'out' / 'ablation.html'}"
    page = (tmp_path / "out" / "ablation.html").read_text()
    assert "without spoil" in page
    assert "proven better" in page
    assert "no language model is named" in page
    assert (
        effects["without spoil"].ms.low
        <= effects["without spoil"].ms.mean
        <= effects["without spoil"].ms.high
    )


def test_no_server_is_called_that_nobody_named(rag: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that is the default was named by nobody, whatever else is named."""
    called: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: called.append(address))
    answering = variants(rag)
    with_server = {one.name for one in answering if one.parts.get("generate") == "openai"}
    assert with_server == {"openai for extractive"}
    (server,) = [one for one in answering if one.name in with_server]
    assert "no language model" in cannot_run(rag, server)
    named = rag.variant({"model.name": "small.gguf"})
    assert "no server is named" in cannot_run(named, server)
    assert cannot_run(rag.variant({"model.base_url": "http://10.0.0.1/v1"}), server) == ""
    ablation(rag, QuestionSet("one", many().cases[:1]))
    assert called == []


def test_times_are_paired_and_alternate(rag: Rag) -> None:
    order: list[str] = []

    def waiting(name: str, seconds: float) -> Callable[[], Rag]:
        def wait(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
            order.append(name)
            time.sleep(seconds)
            return hits

        return lambda: rag.variant(denoise=[wait])

    asked = [f"When was the hall opened {n}?" for n in range(8)]
    found = timed(waiting("a", 0), waiting("b", 0.05), asked)
    assert found.n == 8
    assert found.low <= found.mean <= found.high
    assert found.mean > 25, "50 ms more, on a machine that may be busy"
    pairs = [tuple(order[at : at + 2]) for at in range(2, len(order), 2)]
    assert {frozenset(pair) for pair in pairs} == {frozenset("ab")}, "both are asked each question in turn"
    assert len(set(pairs)) == 2, "and neither always goes first"


def test_a_busy_machine_is_called_so() -> None:
    assert "busy machine: other processes took 40 %" in str(Load(0.4)).replace("40%", "40 %")
    assert not Load(0.05).busy
    with watching() as watched:
        sum(range(2_000_000))
    assert watched.load.others is None or 0 <= watched.load.others <= 1


def test_variants_turn_each_stage_off_and_the_others_on(rag: Rag) -> None:
    found = {variant.name: variant.settings for variant in variants(rag)}
    assert len(found) == len(variants(rag))
    assert found["without duplicates"] == {"search.denoise": ["rerank", "poison", "voices"]}
    assert found["with mmr"] == {"search.denoise": ["rerank", "duplicates", "poison", "voices", "mmr"]}
    assert found["lexical for hybrid"] == {"search.retrieve": "lexical"}
    assert found["without abstain"] == {"ask.ground": ["support"]}


def test_modes_side_by_side(rag: Rag, museum: QuestionSet) -> None:
    found = side_by_side(rag, museum)
    assert list(found.runs) == ["retrieval only", "all"]
    assert "hits alone" in found.skipped["closed book"]
    assert found.runs["retrieval only"].summary["AbstainR"].mean == 0, "a search never declines"
    assert found.gains["retrieval only"]["Correct"].difference.mean == pytest.approx(1 / 4)

    def knows(question: Question, hits: Sequence[Hit]) -> Iterator[str]:
        yield "Everything opened in 1931 [1]."

    taught = side_by_side(rag.variant(generate=knows), museum)
    assert taught.runs["closed book"].summary["Contains"].mean == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("The Talmud has two components.", "How many components does the Talmud have?", "two"),
        ("A session lasts thirty minutes.", "How many minutes does a session last?", "thirty"),
        ("Marie Curie discovered radium in Paris.", "Who discovered radium in Paris?", "Marie Curie"),
        ("The old bridge was rebuilt in March 1931.", "In which year was the old bridge rebuilt?", "1931"),
        (
            "Penicillin is a group of antibiotics, found by chance.",
            "What is Penicillin?",
            "a group of antibiotics",
        ),
        (
            "He worked on natural language processing (NLP) for years.",
            "What does NLP stand for?",
            "natural language processing",
        ),
    ],
)
def test_statements_turned_into_questions(sentence: str, question: str, answer: str) -> None:
    if sentence.startswith("He"):
        sentence = sentence.replace("He", "Turing", 1)
    assert (question, answer) in [(one.question, one.answer) for one in turned(sentence)]


@pytest.mark.parametrize(
    "sentence",
    [
        "It was founded in 1931 by two brothers.",
        "Since then the hall was closed in 1931.",
        "Is it a hall of fame?",
        "Short.",
    ],
)
def test_sentences_that_lean_on_others_are_left_alone(sentence: str) -> None:
    assert list(turned(sentence)) == []


def test_made_questions_make_the_round_trip(rag: Rag, tmp_path: Path) -> None:
    made = make(rag, tmp_path / "qa.jsonl", number=4, unanswerable=0.25)
    found = read_questions(tmp_path / "qa.jsonl")
    assert found.cases == tuple(replace(case, meta=dict(case.meta)) for case in made.cases)
    (steps,) = [case for case in found if case.answers == ("ninety",)]
    assert steps.question == "How many steps does the tower have?"
    assert steps.relevant == {"tower.md": 1.0}
    run = rag.evaluate(found)
    assert run.summary["Answered"].mean == 1
    with pytest.raises(ConfigError, match="exists already"):
        make(rag, tmp_path / "qa.jsonl")


def test_an_unanswerable_question_hides_its_document(rag: Rag, tmp_path: Path) -> None:
    case = Case("1", "How many steps does the tower have?", without=("tower.md",))
    (outcome,) = rag.evaluate([case]).outcomes
    assert all(found.document != "tower.md" for found in outcome.hits)


def test_documents_without_plain_sentences_give_no_questions(tmp_path: Path) -> None:
    from rag import Document
    from rag.testing import WordEmbedder

    with Rag(tmp_path / "i", embedder=WordEmbedder()) as rag:
        rag.ingest(Document.make("so it goes", "a.txt"))
        with pytest.raises(ConfigError, match="no question could be made"):
            make(rag, tmp_path / "qa.jsonl")
