"""Stages that ask a language model for queries, an order, or a question that stands alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rag.augment import decompose, history, hyde, multi_query, rewrite
from rag.denoise import listwise
from rag.types import Hit, Query, Question, Turn

ASKED = Question("Who led the yard and when?")


def asked(scripted: Any, text: str) -> tuple[Any, Callable[[str], Any]]:
    model = scripted(text)
    return model, lambda kind: model


def test_hyde_adds_a_passage_for_the_dense_leg(scripted: Any) -> None:
    model, open_model = asked(scripted, "<think>hm</think>Ada led the yard from 1980.")
    question = hyde.build(open_model, weight=0.7)(ASKED)
    assert question.queries == (
        Query(ASKED.text),
        Query("Ada led the yard from 1980.", 0.7, leg="dense"),
    )
    assert question.text == ASKED.text
    assert "Question: Who led the yard and when?" in model.asked[0][1].content


def test_rewrite_adds_one_line_without_what_models_put_before_it(scripted: Any) -> None:
    _, open_model = asked(scripted, 'Query: "head of the yard, years"\n\nI hope this helps!')
    assert [one.text for one in rewrite.build(open_model)(ASKED).queries] == [
        ASKED.text, "head of the yard, years",
    ]  # fmt: skip


def test_multi_query_takes_n_different_lines(scripted: Any) -> None:
    text = "Here are three:\n1. Who headed the yard?\n2) who headed the yard?\n- Yard leader dates\n* A third"
    model, open_model = asked(scripted, text)
    question = multi_query.build(open_model, n=2, weight=0.5)(ASKED)
    assert [(one.text, one.weight) for one in question.queries] == [
        (ASKED.text, 1.0), ("Who headed the yard?", 0.5), ("Yard leader dates", 0.5),
    ]  # fmt: skip
    assert "Write 2 other ways" in model.asked[0][1].content


def test_decompose_leaves_a_simple_question_alone(scripted: Any) -> None:
    _, open_model = asked(scripted, ASKED.text)
    assert decompose.build(open_model)(ASKED).queries == (Query(ASKED.text),)
    _, open_model = asked(scripted, "Who led the yard?\nWhen did they lead it?")
    assert len(decompose.build(open_model)(ASKED).queries) == 3


def test_stages_chain_on_the_queries_before_them(scripted: Any) -> None:
    _, open_model = asked(scripted, "other words")
    question = Question("x", (Query("x"), Query("from a stage before", 0.3)), (Turn("a", "b"),))
    for stage in (hyde, rewrite, multi_query, decompose):
        given = stage.build(open_model)(question)
        assert given.queries[:2] == question.queries
        assert given.queries[2].text == "other words"
        assert given.history == question.history


def test_a_model_that_says_nothing_changes_nothing(scripted: Any) -> None:
    _, open_model = asked(scripted, "")
    for stage in (hyde, rewrite, multi_query, decompose):
        assert stage.build(open_model)(ASKED).queries == (Query(ASKED.text),)


def test_the_model_is_opened_with_the_first_question_only() -> None:
    def open_model(kind: str) -> Any:
        raise AssertionError("opened too early")

    for stage in (hyde, rewrite, multi_query, decompose):
        stage.build(open_model)
    history.build(open_model, rewrite=True)


TURNS = (Turn("Who founded the Ardin Museum in Bergen?", "Ada Lund founded it in 1911. [1]"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("When was it opened?", "When was it opened? (Ardin Museum, Bergen, founded)"),
        ("And why?", "And why? (Ardin Museum, Bergen, founded)"),
        ("What about Oslo?", "What about Oslo? (Ardin Museum, Bergen, founded)"),
        ("How many visitors does the Ardin Museum count each year?", None),
        ("Which harbours freeze in winter?", None),
    ],
)
def test_a_follow_up_carries_the_names_and_topics_before_it(text: str, expected: str | None) -> None:
    stage = history.build(lambda kind: None)  # type: ignore[arg-type, return-value]
    question = stage(Question(text, history=TURNS))
    assert question.text == (expected or text)


def test_the_first_question_stands_alone() -> None:
    stage = history.build(lambda kind: None)  # type: ignore[arg-type, return-value]
    assert stage(Question("When was it opened?")) == Question("When was it opened?")


def test_a_model_rewrites_a_follow_up_by_the_conversation(scripted: Any) -> None:
    model, open_model = asked(scripted, "When was the Ardin Museum in Bergen opened?")
    question = history.build(open_model, rewrite=True)(Question("When was it opened?", history=TURNS))
    assert question.text == "When was the Ardin Museum in Bergen opened?"
    shown = model.asked[0][1].content
    assert "User: Who founded the Ardin Museum in Bergen?\nAnswer: Ada Lund founded it in 1911. (1)" in shown
    assert shown.endswith("Follow-up: When was it opened?")


def test_listwise_ranks_the_whole_list_in_one_pass(scripted: Any, hits: list[Hit]) -> None:
    model, open_model = asked(scripted, "[3] > [1] > [9]")
    ranked = listwise.build(open_model)(ASKED, hits)
    assert [hit.chunk.source for hit in ranked] == ["boat.txt", "lamp.txt", "gate.txt"]
    assert [hit.score for hit in ranked] == [1.0, 1 / 2, 1 / 3]
    assert len(model.asked) == 1
    assert listwise.order("2, 2, 1", 4) == [1, 0, 2, 3]
    assert listwise.order("I cannot rank these.", 2) == [0, 1]


def test_listwise_cuts_the_longest_until_all_fit(scripted: Any, make_hit: Callable[..., Hit]) -> None:
    model = scripted("[2] > [1]", context_tokens=120)
    hits = [make_hit("word " * 200), make_hit("short text")]
    ranked = listwise.build(lambda kind: model, read=2)(ASKED, hits)
    assert ranked[0].chunk.text == "short text"
    assert ranked[1].chunk.text == hits[0].chunk.text, "only what the model read was cut"
    assert model.prompt_tokens(model.asked[0]) + 12 <= 120


def test_hits_beyond_those_read_follow_as_they_were(scripted: Any, hits: list[Hit]) -> None:
    _, open_model = asked(scripted, "[2] > [1]")
    ranked = listwise.build(open_model, read=2)(ASKED, hits)
    assert [hit.chunk.source for hit in ranked] == ["gate.txt", "lamp.txt", "boat.txt"]
