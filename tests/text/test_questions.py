"""What a question asks for decides the form of its answer."""

from __future__ import annotations

import pytest

from rag.text.quantities import quantity_of
from rag.text.questions import (
    counted_in,
    form_of,
    is_polar,
    kind_of,
    means,
    parts_of,
    sides_of,
    stands_for,
    subject_of,
)


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


@pytest.mark.parametrize(
    ("question", "counted"),
    [
        ("How many open orders are late?", "open orders"),
        ("What is the number of orders?", "orders"),
        ("How many?", ""),
        ("Who counts the chairs?", ""),
    ],
)
def test_what_a_question_counts(question: str, counted: str) -> None:
    assert counted_in(question) == counted


def test_a_comparison_has_two_sides() -> None:
    assert sides_of("Compare the caps of the Rostock and the Nantes agreements.") == (
        "Compare the caps of the Rostock agreements.",
        "Compare the caps of the Nantes agreements.",
    )
    assert sides_of("Compare salt and pepper.") is None  # names alone are told apart


def test_the_subject_is_asked_for_in_a_question() -> None:
    assert subject_of("Compare the caps of Rostock.") == "What are the caps of Rostock."
    assert subject_of("What are the steps to reset a badge?") == "What are the to reset a badge?"


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Which system was chosen, and why?", ("Which system was chosen?", "Why: system was chosen?")),
        ("Who is the chair and what is her room?", ("Who is the chair?", "What is her room: the chair?")),
        ("What are the fees of Alder and Ember?", None),
        ("Compare salt and pepper.", None),
    ],
)
def test_two_questions_in_one(question: str, parts: tuple[str, str] | None) -> None:
    assert parts_of(question) == parts


@pytest.mark.parametrize(
    ("question", "has", "has_not"),
    [
        ("How far apart are the fibres?", "rows 6.4 nanometres apart", "two rows of fibres"),
        ("How heavy is the crate?", "It weighs 12 kg.", "It costs 12 euros."),
        ("How old is the bridge?", "It was born out of need 90 years ago.", "It is 90 km away."),
        ("How often is the filter changed?", "Change it every week.", "Change it on Monday."),
        ("What is the phone number of the desk?", "+44 20 7946 0000", "Room 12"),
        ("What do we owe the mill per day?", "the day rate is EUR 90", "supplier: Weft & Co"),
        ("How much money was spent on seats?", "Entry: free", "free tickets: 12"),
        ("What percentage is deducted?", "3 % are deducted.", "300 are deducted."),
        ("How far in advance is a boat booked?", "at least ten days before", "3 km from the quay"),
        ("How fast does the gate shut?", "It shuts in nine seconds.", "It weighs 9 kg."),
        ("How long must a password be?", "fourteen characters", "It costs 14 euros."),
        ("How high is the deposit?", "EUR 90", "90 m above the quay"),
    ],
)
def test_a_quantity_is_known_by_its_unit(question: str, has: str, has_not: str) -> None:
    pattern = quantity_of(question)
    assert pattern is not None
    assert pattern.search(has)
    assert not pattern.search(has_not)
    assert quantity_of("Who runs the desk?") is None
    assert quantity_of("Who agreed to the price?") is None
    assert quantity_of("Why did the weight rise?") is None
    assert quantity_of("What is the link between sleep and memory?") is None


def test_numbers_are_asked_for_in_four_languages() -> None:
    for question in ("How many?", "Wie hoch ist die Miete?", "Combien de jours ?", "¿Cuántos días?"):
        assert kind_of(question) == "number"


def test_whether_yes_or_no_would_answer() -> None:
    assert is_polar("Can I cancel?")
    assert is_polar("Is it open on Sunday")
    assert not is_polar("Who can cancel?")


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("What does CNN stand for?", "CNN"),
        ("what does cnn stand for", "cnn"),
        ("What does the abbreviation “R&D” stand for?", "R&D"),
        ("What is UPS short for?", "UPS"),
        ("What is HVAC an abbreviation of?", "HVAC"),
        ("What is the full form of HVAC?", "HVAC"),
        ("Wofür steht die Abkürzung DSGVO?", "DSGVO"),
        ("SLA代表什么？", "SLA"),
        ("What does the flag on the mast stand for?", ""),
        ("Who stands for the board?", ""),
        ("What is the full name of Marie?", ""),
    ],
)
def test_whose_long_form_is_asked_for(question: str, term: str) -> None:
    assert stands_for(question) == term


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("What does the acronym SLA mean?", "SLA"),
        ("What is the meaning of KPI?", "KPI"),
        ("Was bedeutet HVAC?", "HVAC"),
        ("Que signifie TVA ?", "TVA"),
        ("¿Qué significa IVA?", "IVA"),
        ("What does E-4021 mean?", ""),
        ("What does the alarm mean?", ""),
        ("What does VAT mean for our prices?", ""),
    ],
)
def test_which_term_in_capitals_is_asked_about(question: str, term: str) -> None:
    assert means(question) == term
