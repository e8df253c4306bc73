"""The month of a date, and the months that a question names."""

from __future__ import annotations

import pytest

from rag.text.dates import month_of, months_in


@pytest.mark.parametrize(
    ("cell", "month"),
    [
        ("2031-05-07", (2031, 5)), ("2031-05", (2031, 5)), ("7.5.2031", (2031, 5)), ("7 May 2031", (2031, 5)),
        ("May 7, 2031", (2031, 5)), ("7 de mayo de 2031", (2031, 5)), ("05/07/2031", None), ("2031", None),
        ("in May", None),
    ],
)  # fmt: skip
def test_the_month_of_a_date(cell: str, month: tuple[int, int] | None) -> None:
    assert month_of(cell) == month


def test_the_months_that_a_question_names() -> None:
    assert months_in("How many came in May 2031 or in June 2031?") == [
        ("May 2031", (2031, 5)),
        ("June 2031", (2031, 6)),
    ]
    assert months_in("He may come in 2031") == []
