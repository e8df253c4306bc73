"""PDF: contents with leaders, notes at the foot of a page, and the marks that point to them."""

from __future__ import annotations

import pytest

from rag.loaders.pdf.contents import with_entries
from rag.loaders.pdf.lines import Line, Word
from tests.loaders.test_pdf_layout import loaded, text


def test_entries_of_contents_are_lines_and_no_headings() -> None:
    page = text(72, 720, "Contents", 18, "F2")
    page += text(72, 690, "1 Introduction . . . . . . . . . . . . 3", font="F2")
    page += text(72, 676, "1.1 Pumps ......................... 12") + text(72, 662, "Index..........xi")
    prose = text(72, 600, "The dam was built in 1931 and holds water.")
    shown = loaded(page, prose * 3).text
    assert shown.startswith("# Contents\n\n1 Introduction … 3\n1.1 Pumps … 12\nIndex … xi\n\n")


def test_the_leader_of_an_entry_stands_where_its_dots_are() -> None:
    words = (Word("1", 0, 6, 0, 1), Word("Use....7", 10, 90, 2, 10))
    (line,) = with_entries([Line("1 Use....7", 0, 90, 0, 10, words=words)])
    assert line.entry
    assert line.text == "1 Use … 7"
    assert [(word.text, word.left, word.right, word.first, word.behind) for word in line.words] == [
        ("1", 0, 6, 0, 1), ("Use", 10, 40, 2, 5), ("…", 40, 80, 5, 9), ("7", 80, 90, 9, 10),
    ]  # fmt: skip


@pytest.mark.parametrize("words", ["Name: ..........", "He said ... 7", "Wait.... no", "1.2.3.4.5.6"])
def test_what_is_no_entry(words: str) -> None:
    line = Line(words, 0, 90, 0, 10, words=(Word(words, 0, 90, 0, len(words)),))
    assert with_entries([line]) == [line]


def noted(mark: str) -> str:
    return (
        "BT /F1 12 Tf 72 700 Td (The tower of 30) Tj /F1 7 Tf 5 Ts (2) Tj /F1 12 Tf 0 Ts"
        f" ( m{mark} was built of brick.) Tj ET\n"
    )


@pytest.mark.parametrize(
    ("foot", "mark", "shown"),
    [
        (text(72, 90, "2 Without the roof.", 8), "", "30 [2] m was"),
        (text(72, 90, "2", 8) + text(110, 90, "Without the roof.", 8), "", "30 [2] m was"),
        ("", "", "30^2 m was"),
        (text(72, 90, "2 metres are kept free.", 12), "", "30^2 m was"),
        (text(72, 90, "2 Without the roof.", 8), " [2]", "30^2 m [2] was"),
    ],
)
def test_a_raised_number_before_a_unit_is_a_note_where_the_page_has_that_note(
    foot: str, mark: str, shown: str
) -> None:
    assert shown in loaded(noted(mark) + foot).text


def test_marks_of_notes_are_no_names_of_values() -> None:
    feet = [(90, "1", "Net of tax."), (78, "2", "Without the roof."), (66, "3", "Since the first of May.")]
    page = "".join(text(72, y, mark, 8) + text(130, y, note, 8) for y, mark, note in feet)
    assert loaded(page).text == "1 Net of tax.\n2 Without the roof.\n3 Since the first of May."
