"""Raised and lowered text by what stands before and behind it, and the numbers of items."""

from __future__ import annotations

import pytest

from rag.loaders.numerals import numeral
from rag.loaders.raised import raised


@pytest.mark.parametrize(
    ("before", "mark", "after", "shown"),
    [
        # A number before a unit of length, or in a calculation, has a power.
        ("is 12", "2", " m wide", "12^2"),
        ("is 12", "2", "\u00a0metres", "12^2"),
        ("9", "3", " cm.", "9^3"),
        ("is 3", "2", " + 4", "3^2"),
        ("= 5", "2", "", "5^2"),
        ("E = mc", "2", ".", "mc^2"),
        ("area is r", "2", " times", "r^2"),
        ("of x", "n", "", "x^n"),
        ("of x", "n+1", "", "x^(n+1)"),
        ("is 10", "n-1", " cells", "10^(n-1)"),
        ("is 2", "(k + 1)", "", "2^(k + 1)"),
        # Elsewhere it has a note.
        ("is 500", "a–c", " euros", "500 [a–c]"),
        ("is 500", "1", " euros", "500 [1]"),
        ("is 500", "2", " euros", "500 [2]"),
        ("= 50", "2", " euros", "50 [2]"),
        ("is 1,250", "3", " million", "1,250 [3]"),
        ("is €12", "2", " m", "12 [2]"),
        ("a deep 12", "1", " m", "12 [1]"),
        ("was a", "2", "", "a [2]"),
        ("Quist", "a", ",", "Quist [a]"),
        ("Quist", "a,b", "", "Quist [a,b]"),
        ("Quist", "1, 2", "", "Quist [1, 2]"),
        ("Quist", "1,*", "", "Quist [1,*]"),
        ("Quist", "3†", "", "Quist [3†]"),
        ("ξ/", "c2", "", "ξ/c2"),
        # What is part of the word stays with it.
        ("M", "me", " Roy", "Mme"),
        ("N", "o", " 5", "No"),
        ("20", "o", "C", "20°"),
        ("1", "o", " de maio", "1º"),
        ("Widget", "TM", "", "Widget™"),
        ("by ", "14", "C dating", "14"),
        ("Ca", "2+", "", "Ca^2+"),
    ],
)
def test_a_power_where_unit_or_calculation_says_so_and_a_note_elsewhere(
    before: str, mark: str, after: str, shown: str
) -> None:
    assert (before + raised(before, mark, after)).endswith(shown)


@pytest.mark.parametrize(
    ("count", "kind", "shown"),
    [
        (28, "lowerLetter", "bb"),
        (4, "upperRoman", "IV"),
        (7, "decimalZero", "07"),
        (112, "ordinal", "112th"),
        (23, "ordinal", "23rd"),
        (2, "ordinalText", "Second"),
        (42, "ordinalText", "Forty-second"),
        (30, "ordinalText", "Thirtieth"),
        (17, "cardinalText", "Seventeen"),
        (3, "none", ""),
    ],
)
def test_numbers_in_the_formats_of_word(count: int, kind: str, shown: str) -> None:
    assert numeral(count, kind) == shown
