"""The row with the most or the least of something, over small tables."""

from __future__ import annotations

import pytest

from rag.indexes import Analyzer
from rag.reading.extremes import directions_of, extreme, is_keyed_by
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


def test_the_words_that_ask() -> None:
    assert directions_of("What is the cheapest ticket?") == (("least", "price cost fee rate"),)
    assert not directions_of("Who signed most of the letters?")
    assert not directions_of("What is the most recent version?")


def test_the_table_of_what_is_asked_for() -> None:
    assert is_keyed_by("Which boat is the longest?", chunk(BOATS), BOATS, ANALYZE)
    assert not is_keyed_by("Which captain is the oldest?", chunk(BOATS), BOATS, ANALYZE)
