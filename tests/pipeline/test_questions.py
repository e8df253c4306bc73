"""What a question asks for, by its words."""

from __future__ import annotations

import pytest

from rag.text.questions import explains, is_reason, kind_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When was the hall opened?", "time"),
        ("On WHICH DAY does the ferry leave?", "time"),
        ("What decade was it?", "time"),
        ("How many boilers are there?", "number"),
        ("How old is the lamp?", "number"),
        ("What share of them failed?", "number"),
        ("Who signs off a release?", "name"),
        ("What is the name of the café?", "name"),
        ("what city is it in?", "name"),
        ("Who was there when it burned, and how many?", "time"),
        ("Why is the lamp red?", None),
        ("Whatever", None),
        ("¿Cuándo abrió?", "time"),
        ("Quando ha aperto?", None),
        ("", None),
    ],
)
def test_the_kind_of_value_asked_for(question: str, kind: str | None) -> None:
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Why is it red?", True),
        ("How does it work?", True),
        ("What are the steps?", True),
        ("what happens when it fails?", True),
        ("What does a boiler do?", True),
        ("How long does it take?", False),
        ("How fast is it?", False),
        ("Who explains it?", False),
        ("Which steps are there?", False),
    ],
)
def test_whether_an_explanation_is_asked_for(question: str, expected: bool) -> None:
    assert explains(question) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Why did the mill close?", True),
        ("What made the council sell the hall?", True),
        ("how come the lift is out of order", True),
        ("What was the reason for the delay?", True),
        ("What is made in the mill?", False),
        ("Who gave the reason?", False),
    ],
)
def test_reasons(question: str, expected: bool) -> None:
    assert is_reason(question) is expected
