"""The row with the most or the least of something, over small tables."""

from __future__ import annotations

import pytest

from rag.indexes import Analyzer
from rag.reading.extremes import directions_of, extreme, is_keyed_by, key_of
from rag.types import Chunk

ANALYZE = Analyzer("english").analyze
BOATS = """| Boat | Length (m) | Life rafts | Fuel tank (l) | Fuel per hour (l) | Heated |
| --- | --- | --- | --- | --- | --- |
| Tern | 18.5 | 4 | 1,200 | 61 | yes |
| Dunlin | 24 | 6 | 900 | 80 | no |
| Knot | 9.2 | 6 | 350 | 22 | yes |
| Ruff | 12 | 2 | 400 | 25 | no |
| Total | 63.7 | 18 | 2,850 | 188 | |
"""


def chunk(text: str, title: str = "Our boats") -> Chunk:
    return Chunk("c", "d", "boats.md", text, 0, len(text), title=title)


def best(question: str, text: str = BOATS) -> tuple[str, list[str]] | None:
    found = extreme(question, 0, chunk(text), text, ANALYZE)
    return (found.column, [row.cells[0].text for row in found.rows]) if found else None


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Which boat is the longest?", ("Length (m)", ["Dunlin"])),
        ("Which boat is the shortest?", ("Length (m)", ["Knot"])),
        ("Which boat has the most life rafts?", ("Life rafts", ["Dunlin", "Knot"])),
        ("Which heated boat is the longest?", ("Length (m)", ["Tern"])),
        ("Which boat has the largest fuel tank?", ("Fuel tank (l)", ["Tern"])),
        ("Which boat is the longest without being heated?", ("Length (m)", ["Dunlin"])),
        ("Which boat has the most crew?", None),
        ("Which boat is the heaviest?", None),
        ("Which boat has the most fuel?", None),
        ("How long is the Tern?", None),
        ("Which boat needs at least six life rafts?", None),
    ],
)
def test_the_column_and_the_row(question: str, wanted: tuple[str, list[str]] | None) -> None:
    assert best(question) == wanted


LOOMS = """| Code | Loom | Built | Next service | Opens |
| --- | --- | --- | --- | --- |
| L-1 | Dobby | 1961 | 2031-04-02 | 09:30 |
| L-2 | Jacquard | 1938 | 2031-03-19 | 10:00 |
| L-3 | Floor loom | 2004 | 2030-12-01 | 08:15 |
"""
SINCE = """| Loom | Since | Check |
| --- | --- | --- |
| L-1 | 1990 | 2031-04-01 23:30 |
| L-2 | 2004 | 2031-04-02 |
"""
MIXED = "| Loom | Repair |\n| --- | --- |\n| L-1 | 2030 |\n| L-2 | 2029-05-06 |\n"
CREW = "| Name | Age |\n| --- | --- |\n| Ida | 44 |\n| Ole | 61 |\n"


@pytest.mark.parametrize(
    ("question", "text", "wanted"),
    [
        ("Which loom is the oldest?", LOOMS, ("Built", ["L-2"])),
        ("Which of our looms is the newest?", LOOMS, ("Built", ["L-3"])),
        ("Which loom has the earliest next service?", LOOMS, ("Next service", ["L-3"])),
        ("Which loom opens earliest?", LOOMS, ("Opens", ["L-3"])),
        ("Which loom is the longest?", SINCE, None),  # how long it has been there is another question
        ("Which loom has been with us longest?", SINCE, ("Since", ["L-1"])),
        ("Which loom has the latest check?", SINCE, ("Check", ["L-2"])),
        ("Which loom has the latest repair?", MIXED, None),  # days and years cannot be compared
        ("Who is the oldest?", CREW, ("Age", ["Ole"])),
        ("Who is the youngest?", CREW, ("Age", ["Ida"])),
        ("What is the latest version of the loom list?", LOOMS, None),
        ("Which loom must be ready by noon at the latest?", LOOMS, None),
    ],
)
def test_years_dates_and_ages(question: str, text: str, wanted: tuple[str, list[str]] | None) -> None:
    assert best(question, text) == wanted


def test_what_has_the_most_is_named_by_its_own_column() -> None:
    found = extreme("Which loom is the oldest?", 0, chunk(LOOMS), LOOMS, ANALYZE)
    assert found is not None
    row = found.rows[0]
    named = key_of("Which loom is the oldest?", row, ANALYZE)
    first = key_of("Which of them is the oldest?", row, ANALYZE)
    assert named is not None
    assert first is not None
    assert (named.text, first.text) == ("Jacquard", "L-2")
    assert key_of("How old is the oldest loom?", row, ANALYZE) is None


def test_the_words_that_ask() -> None:
    assert directions_of("What is the cheapest ticket?") == (("least", "price cost fee rate"),)
    assert not directions_of("Who signed most of the letters?")
    assert not directions_of("What is the most recent version?")


def test_the_table_of_what_is_asked_for() -> None:
    assert is_keyed_by("Which boat is the longest?", chunk(BOATS), BOATS, ANALYZE)
    assert is_keyed_by("Which loom is the oldest?", chunk(LOOMS, "Loom survey"), LOOMS, ANALYZE)
    assert not is_keyed_by("Which captain is the oldest?", chunk(BOATS), BOATS, ANALYZE)
