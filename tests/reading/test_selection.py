"""Which rows of a table a question means."""

from __future__ import annotations

import pytest

from rag.indexes import Analyzer
from rag.reading.selection import selection, whole
from rag.types import Chunk

ANALYZE = Analyzer("english").analyze
PLANS = """| Plan | Cost | Opens |
| --- | --- | --- |
| A Barn | EUR 90,000 | May 2032 |
| B Tent | EUR 12,000 | July 2031 |
| C Shop | EUR 40,000 | August 2031 |
"""


def chunk(text: str) -> Chunk:
    return Chunk("c", "d", "plans.md", text, 0, len(text), title="Plans for the market hall")


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Compare the cost of the three plans.", 3),
        ("What does each plan for the market hall cost?", 3),
        ("The architects of all plans, please", 0),  # no column is named but the first
        ("Compare the cost of the two plans.", 0),
        ("What does the plan A Barn cost, and all others?", 0),  # a condition
        ("What does the barn cost?", 0),
    ],
)
def test_a_table_that_is_asked_for_whole(question: str, rows: int) -> None:
    found = whole(question, 0, chunk(PLANS), PLANS, ANALYZE)
    assert (len(found.rows) if found else 0) == rows


def test_who_owns_what_is_counted_is_no_condition() -> None:
    text = "| Code | Kind |\n| --- | --- |\n| 1 | Drill |\n| 2 | Saw |\n| 3 | Drill |\n"
    found = selection("How many drills does the company own?", 0, chunk(text), text, ANALYZE)
    assert found is not None
    assert (len(found.rows), found.unexplained, found.noun) == (2, frozenset(), True)
    other = selection("How many drills does the landlord own?", 0, chunk(text), text, ANALYZE)
    assert other is not None
    assert other.unexplained == {"landlord"}


def test_rows_of_a_table_that_is_named_need_no_name_of_their_own() -> None:
    text = "| Id | State |\n| --- | --- |\n| 1 | open |\n| 2 | done |\n| 3 | open |\n"
    desk = Chunk("c", "d", "helpdesk.md", text, 0, len(text))

    def named(question: str) -> tuple[bool, bool]:
        found = selection(question, 0, desk, text, ANALYZE)
        assert found is not None
        return found.noun, found.named

    assert named("How many tickets in the helpdesk list are open?") == (False, True)
    assert named("How many tickets are open?") == (False, False)
    assert named("How many tickets are in the helpdesk list?") == (False, False)


def test_numbers_that_name_rows_are_neither_summed_nor_asked_for() -> None:
    text = "| Visit id | Reason |\n| --- | --- |\n| 11 | x-ray |\n| 12 | no-show |\n| 13 | no-show |\n"
    found = selection("How many no-shows were there?", 0, chunk(text), text, ANALYZE)
    assert found is not None
    assert (len(found.rows), found.total, found.noun, found.unexplained) == (2, None, True, frozenset())
    visits = selection("How many x-ray visits were there?", 0, chunk(text), text, ANALYZE)
    assert visits is not None
    assert (len(visits.rows), visits.total) == (1, None)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many orders were cancelled on 2031-08-16?", 1),  # that year's others are not meant
        ("How many orders were cancelled in 2031?", 2),
        ("How many orders were cancelled in 2031-09?", 0),
    ],
)
def test_the_year_of_a_date_is_no_condition_of_its_own(question: str, rows: int) -> None:
    text = (
        "| Order | Date | Status |\n| --- | --- | --- |\n| R-1 | 2031-08-16 | cancelled |\n"
        "| R-2 | 2031-02-03 | cancelled |\n| R-3 | 2032-08-16 | cancelled |\n| R-4 | 2031-08-16 | paid |\n"
    )
    orders = Chunk("c", "d", "orders.md", text, 0, len(text))
    found = selection(question, 0, orders, text, ANALYZE)
    assert found is not None
    counted = 0 if found.unexplained else len(found.rows)
    assert counted == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which snags are still open?", ["Label missing", "Fan hums"]),
        ("How many snags are pending?", ["Label missing", "Fan hums"]),
        ("How many snags are done?", ["Clip loose"]),
        ("How many snags are not done?", ["Label missing", "Fan hums"]),
    ],
)
def test_what_is_open_has_no_date_of_its_end(question: str, rows: list[str]) -> None:
    text = (
        "| Job | Snag | Done |\n| --- | --- | --- |\n| 1 | Clip loose | 2031-02-09 |\n"
        "| 2 | Label missing | |\n| 3 | Fan hums | |\n"
    )
    found = selection(question, 0, Chunk("c", "d", "snags.md", text, 0, len(text)), text, ANALYZE)
    assert found is not None
    assert (found.unexplained, [row.cells[1].text for row in found.rows]) == (frozenset(), rows)
