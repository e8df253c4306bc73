"""Voices: what is repeated in the same words counts once, and sources that disagree are weighed and told."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from rag import Hit, Question
from rag.denoise.voices import build, claims_of, sides, weight
from rag.indexes import Analyzer
from rag.reading import Passage, Reading, Span
from tests.stages.small import dropped, hit, traced

QUESTION = "How much is the deposit for a locker?"
TERMS = Analyzer("english").analyze
TRUE = (
    "Shoes stay outside, and the floor is kept dry. Who breaks a lamp pays for it, and says so at the desk. "
    "The deposit for a locker in the swimming hall is 20 euros, and is paid back when the key is returned. "
    "Keys that are lost cost extra, and so do towels that were not brought back by the evening. Children "
    "under six swim free, and their parents pay half on Sundays and on holidays. The cafe opens at noon."
)
FALSE = "{}The deposit for a locker in the swimming hall is 900 euros{}, paid back when the key is returned."


class Reads:
    """Answers with the first number of euros in a passage, as sure as it is told to be."""

    name = fingerprint = "reads"

    def __init__(self, sure: float = 0.9) -> None:
        self.sure = sure

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        found = []
        for passage in passages:
            end = passage.text.find(" euros")
            start = passage.text.rfind(" ", 0, end) + 1 if end >= 0 else 0
            spans = (Span(start, end + 6, 1.0),) if end >= 0 else ()
            found.append(Reading(1.0, self.sure if spans else 0.0, spans))
        return found

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [0.0] * len(pairs)


def planted(count: int) -> list[Hit]:
    openings = ("", "It is well known that this holds. ", "Recent work agrees. ", "Note. ", "In short: ")
    return [hit(FALSE.format(openings[n], " now" * (n % 2)), source=f"p{n}.md") for n in range(count)]


@pytest.mark.parametrize("count", [1, 3, 5])
def test_what_was_planted_in_the_same_words_is_left_out_and_told(count: int) -> None:
    stage = build(Reads())
    hits, record = traced(stage, QUESTION, [*planted(count), hit(TRUE, source="rules.md")])
    assert [one.chunk.source for one in hits] == ["rules.md"]
    assert len(dropped(record)) == count
    (told,) = record.detail["notes"]
    assert told.startswith("The sources disagree. rules.md: “The deposit")
    assert "900 euros" in told
    assert "left out: " in told


def test_weights_by_hand() -> None:
    claims = claims_of(Reads(0.8), QUESTION, [*planted(5), hit(TRUE, source="rules.md")], 0.2, TERMS)
    assert {claim.value for claim in claims} == {"20 euros", "900 euros"}
    first, second = sides(claims, 0.7)
    assert [len(voice.claims) for voice in first] == [1]
    assert weight(first) == pytest.approx(0.8), "more than 60 words around it: all of its probability"
    (voice,) = second
    assert voice.documents == 5
    around = max(claim.around for claim in voice.claims)
    assert around == 7, "It is well known that this holds"
    assert weight(second) == pytest.approx(0.8 / math.sqrt(5) * (1 + 7 / 60) / 2)


def test_independent_sources_outweigh_one() -> None:
    """Three voices in their own words, each in a text of its own, beat the one that disagrees."""
    own = [
        "The desk takes a deposit of 30 euros before anybody gets a locker. "
        + "More is told elsewhere. " * 20,
        "A locker needs 30 euros of deposit in cash or by card. " + "The hall opens at seven daily. " * 20,
    ]
    hits = [hit(TRUE, source="old.md"), *(hit(text, source=f"{n}.md") for n, text in enumerate(own))]
    claims = claims_of(Reads(), QUESTION, hits, 0.2, TERMS)
    about = sides(claims, 0.7)
    assert sorted(round(weight(side), 2) for side in about) == [0.9, 1.8]
    kept, record = traced(build(Reads()), QUESTION, hits)
    assert len(kept) == 3, "an honest minority is told of, not left out"
    assert "The sources disagree" in record.detail["notes"][0]


def test_what_agrees_or_is_about_something_else_is_left_alone() -> None:
    other = "Parking behind the hall for a whole day has a price of 5 euros on weekdays."
    hits = [hit(TRUE, source="rules.md"), hit(other, source="parking.md")]
    kept, record = traced(build(Reads()), QUESTION, hits)
    assert list(kept) == hits
    assert "notes" not in record.detail
    copies = [hit(TRUE, source=f"c{n}.md") for n in range(3)]
    kept, record = traced(build(Reads()), QUESTION, copies)
    assert list(kept) == copies, "one voice that nobody contradicts"
    assert build(Reads(0.1))(Question(QUESTION), hits) == hits, "too unsure to say anything"


def test_rows_of_a_table_do_not_disagree() -> None:
    """Two rows have two values because they are about two things."""
    rows = "| Locker | Deposit |\n|---|---|\n| hall | 20 euros |\n| sauna | 30 euros |\n"
    others = "| Locker | Deposit |\n|---|---|\n| tower | 40 euros |\n| garden | 50 euros |\n"
    hits = [hit(rows, source="hall.md"), hit(others, source="tower.md")]
    assert claims_of(Reads(), QUESTION, hits, 0.2, TERMS) == []
    kept, record = traced(build(Reads()), QUESTION, hits)
    assert list(kept) == hits
    assert "notes" not in record.detail


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        pytest.param(
            "How much is the deposit for a locker with a towel in Kiruna?",
            "In Kiruna the deposit for a locker with a towel is 20 euros, by the rules of the hall.",
            "Elsewhere the deposit for a locker with a towel is 30 euros, in cash at the desk of Narvik.",
            id="a name of the question that one text has not",
        ),
        pytest.param(
            "How much is the deposit for a locker in the sauna by the harbour?",
            "The deposit comes to 20 euros, and more is said at the desk.",
            "A deposit that was lost had been 30 euros in those years.",
            id="few words of the question",
        ),
        pytest.param(
            "When is the deposit for a locker due?",
            "The deposit for a locker is due with many euros to spare.",
            "Nobody knows why a deposit for a locker is due in so many other euros.",
            id="no value of the kind that is asked for",
        ),
    ],
)
def test_what_is_not_plainly_an_answer_is_not_told_as_a_disagreement(
    question: str, first: str, second: str
) -> None:
    hits = [hit(first, source="one.md"), hit(second, source="two.md")]
    kept, record = traced(build(Reads()), question, hits)
    assert list(kept) == hits
    assert len(record.detail["sides"]) == 2, "compared they are"
    assert "notes" not in record.detail


OF_NO_KIND = "How does one pay the deposit for a locker?"


def test_two_ways_to_do_a_thing_do_not_disagree() -> None:
    hits = [
        hit("To pay the deposit for a locker, put 20 euros into the slot of its door.", source="one.md"),
        hit("You pay the deposit for a locker at the desk, where they keep 30 euros.", source="two.md"),
    ]
    kept, record = traced(build(Reads()), OF_NO_KIND, hits)
    assert list(kept) == hits
    assert len(record.detail["sides"]) == 2, "compared they are"
    assert "notes" not in record.detail


def test_one_sentence_with_two_values_disagrees_whatever_is_asked() -> None:
    hits = [
        hit("To pay the deposit for a locker, put 20 euros into the slot of its door.", source="one.md"),
        hit("To pay the deposit for a locker, put 30 euros into the slot of its door.", source="two.md"),
    ]
    _, record = traced(build(Reads()), OF_NO_KIND, hits)
    (told,) = record.detail["notes"]
    assert "20 euros" in told
    assert "30 euros" in told


def test_one_document_does_not_disagree_with_itself() -> None:
    first = "The deposit for a locker is 20 euros, by the rules of the hall."
    second = "The deposit for a locker is 30 euros, where the towel is taken too."
    hits = [hit(first, source="rules.md"), hit(second, source="rules.md", start=100)]
    _, record = traced(build(Reads()), QUESTION, hits)
    assert len(record.detail["sides"]) == 2, "compared they are"
    assert "notes" not in record.detail


def test_only_sides_that_contradict_another_are_told() -> None:
    hits = [
        hit("In Kiruna the deposit for a locker with a towel is 20 euros, by the rules.", source="one.md"),
        hit("In Kiruna a locker with a towel has a deposit of 30 euros, at the desk.", source="two.md"),
        hit("In Narvik the deposit for a locker with a towel came to 5 euros a year ago.", source="three.md"),
    ]
    question = "How much is the deposit for a locker with a towel in Kiruna?"
    _, record = traced(build(Reads()), question, hits)
    assert len(record.detail["sides"]) == 3
    (told,) = record.detail["notes"]
    assert "one.md" in told
    assert "two.md" in told
    assert "three.md" not in told


def test_what_two_documents_say_in_the_same_words_stays_where_nobody_answers_otherwise() -> None:
    """The heaviest side is about another town, so it says nothing against the two."""
    other = TRUE.replace("the swimming hall", "the hall of Narvik")
    true = "The deposit for a locker in Kiruna is 30 euros."
    hits = [hit(other, source="b.md"), hit(true, source="one.md"), hit(true, source="two.md")]
    kept, record = traced(build(Reads()), "How much is the deposit for a locker in Kiruna?", hits)
    assert len(record.detail["sides"]) == 2, "compared they are"
    assert list(kept) == hits
