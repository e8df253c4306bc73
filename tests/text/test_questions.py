"""What a question asks for decides the form of its answer."""

from __future__ import annotations

import pytest

from rag.text.questions import form_of, sides_of, subject_of


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("How do I descale the boiler?", "steps"),
        ("how to reset a badge", "steps"),
        ("List the actions of the June meeting.", "list"),
        ("What are the risks of project Otter?", "list"),
        ("Which rooms have a projector?", "list"),
        ("Compare the fees of Alder and Ember.", "comparison"),
        ("Why did the heating fail?", "explanation"),
        ("Who chaired the meeting?", "value"),
        ("How many chairs are there?", "count"),
        ("When was the hall opened?", "value"),
    ],
)
def test_the_form_of_an_answer(question: str, form: str) -> None:
    assert form_of(question) == form


def test_a_comparison_has_two_sides() -> None:
    assert sides_of("Compare the caps of the Rostock and the Nantes agreements.") == (
        "Compare the caps of the Rostock agreements.",
        "Compare the caps of the Nantes agreements.",
    )
    assert sides_of("Compare salt and pepper.") is None  # names alone are told apart


def test_the_subject_is_asked_for_in_a_question() -> None:
    assert subject_of("Compare the caps of Rostock.") == "What are the caps of Rostock."
    assert subject_of("What are the steps to reset a badge?") == "What are the to reset a badge?"
