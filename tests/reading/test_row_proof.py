"""Rows that are the only ones a question can mean."""

from __future__ import annotations

import pytest

from rag.indexes import Analyzer
from rag.reading.row_proof import proven_cell
from rag.reading.selection import table_of
from rag.types import Chunk

ANALYZE = Analyzer("english").analyze
HIRE = """| Boat | Berth | Skipper | Price EUR | Year 2031 |
| --- | --- | --- | --- | --- |
| Gull, 6 seats | 4 | Ana Reyes | 80 | 12 |
| Gull, 9 seats | 5 | Tom Hale | 95 | 9 |
| Heron | 7 | Ana Reyes | 60 | 30 |
"""


def proven(question: str, cell: str) -> bool:
    chunk = Chunk("c", "d", "hire.md", HIRE, 0, len(HIRE), title="Hire")
    start = HIRE.index(cell)
    found = proven_cell(
        question, start, start + len(cell), chunk, table_of(chunk, HIRE), ANALYZE, lambda *_: set()
    )
    return found == (start, start + len(cell))


@pytest.mark.parametrize(
    ("question", "cell", "expected"),
    [
        ("What does the Gull with 6 seats cost?", "80", True),
        ("How much is the Heron?", "60", True),
        ("What does the GullWing cost?", "80", False),
        ("Who is the skipper?", "Ana Reyes", False),  # of any
        ("Who is the skipper of the Gull with 9 seats?", "Tom Hale", True),
        ("What does the Gull cost?", "80", False),  # two rows
        ("What does the Gull with 8 seats cost?", "95", False),  # no row
        ("What does the Gull with 6 seats cost in winter?", "80", False),  # nothing says so
        ("Who is the owner of the Heron?", "7", False),  # another column
        ("What does the Heron cost?", "7", False),
    ],
)
def test_a_row_is_proven_where_it_alone_explains_the_question(
    question: str, cell: str, expected: bool
) -> None:
    assert proven(question, cell) == expected


def test_a_word_with_capitals_within_is_explained_as_a_whole() -> None:
    text = "| Test | Price EUR |\n| --- | --- |\n| Thyroxine (T4) | 13.80 |\n| Iron | 6.00 |\n"
    chunk = Chunk("c", "d", "contract-vetlab.md", text, 0, len(text))
    start = text.index("13.80")
    question = "What does VetLab charge for a T4?"
    assert proven_cell(question, start, start + 5, chunk, table_of(chunk, text), ANALYZE, lambda *_: set())
    other = question.replace("VetLab", "BioLab")
    assert not proven_cell(other, start, start + 5, chunk, table_of(chunk, text), ANALYZE, lambda *_: set())


def test_what_is_asked_for_by_its_kind_is_named_by_its_name() -> None:
    text = (
        "| Id | Name | Kind | Berth | Here since |\n| --- | --- | --- | --- | --- |\n"
        "| 7 | Gull | dinghy | B2 | 2019 |\n| 8 | Tern | dinghy | B3 | 2020 |\n"
    )
    chunk = Chunk("c", "d", "boats.md", text, 0, len(text))
    start = text.index("dinghy | B3")
    found = proven_cell(
        "Which dinghy is in B3?", start, start + 6, chunk, table_of(chunk, text), ANALYZE, lambda *_: set()
    )
    assert found is not None
    assert text[slice(*found)] == "Tern"
    year = text.index("2020")
    assert not proven_cell(
        "How old is Tern?", year, year + 4, chunk, table_of(chunk, text), ANALYZE, lambda *_: set()
    )
