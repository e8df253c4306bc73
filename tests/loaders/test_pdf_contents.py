"""PDF: contents with leaders, notes at the foot of a page, marks that point to them, marks of lists."""

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


def test_marks_of_a_list_that_are_drawn_last_stand_in_front_of_its_items() -> None:
    items = (
        text(90, 700, "Close the gate.") + text(90, 680, "Call the harbour.") + text(90, 660, "Wait there.")
    )
    marks = text(78, 700, "1.") + text(78, 680, "2.") + text(82, 660, "\\225")
    shown = loaded(items + text(72, 600, "After the list the text goes on.") + marks).text
    assert shown.startswith("1. Close the gate.\n2. Call the harbour.\n• Wait there.\n\nAfter the list")


def test_a_mark_far_from_any_text_stays_where_it_is() -> None:
    assert loaded(text(200, 700, "Close the gate.") + text(72, 700, "1.")).text.count("1.") == 1


@pytest.mark.parametrize(("size", "shown"), [(12.4, "10^6"), (13.6, "106")])
def test_letters_that_are_hardly_smaller_are_raised_where_they_are_risen(size: float, shown: str) -> None:
    page = f"BT /F1 14 Tf 72 700 Td (The mill has 10) Tj /F1 {size} Tf 5.6 Ts (6) Tj "
    page += "/F1 14 Tf 0 Ts ( bricks.) Tj ET"
    assert f"has {shown} bricks" in loaded(page).text


def test_what_stands_right_behind_a_raised_letter_has_no_space_before_it() -> None:
    page = "BT /F1 14 Tf 72 700 Td (The fee is 79 euros) Tj /F1 12.4 Tf 7 Ts (1) Tj 0 Ts ET\n"
    page += text(198.75, 700, ". It is paid in May.", 14)
    assert "euros [1]. It is paid" in loaded(page).text
