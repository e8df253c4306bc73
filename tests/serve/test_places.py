"""Which characters of a PDF those of its text are: files whose places are known, one for each kind."""

from __future__ import annotations

import pytest

from rag.loaders import Limits, load_bytes
from rag.loaders.pdf.loader import flowed
from rag.serve.marks import Aligned, fold
from rag.serve.pictures import Wanted, aligned_with, draw, page_characters, places_of
from rag.types import Document
from tests.loaders.samples import pdf_of
from tests.loaders.test_pdf_layout import DUTY, rows_at, ruled, text

HIGH = 842


def page_of(data: bytes, document: Document, number: int) -> tuple[Aligned, list[str]]:
    """The places of a page's text, and PDFium's characters."""
    from pypdfium2 import PdfDocument

    parts = [part for part in flowed(data, Limits(), float("inf")).parts if part.page == number]
    starts = [*document.pages, len(document.text)]
    pdf = PdfDocument(data)
    page = pdf[number].get_textpage()
    characters = page_characters(page)
    page.close()
    pdf.close()
    first, behind = starts[number], starts[number + 1]
    return aligned_with(document.text[first:behind], first, parts, characters), characters


def checked(data: bytes) -> Document:
    """Every letter of every page has one place, and the letter that stands there is the same."""
    (document,) = load_bytes(data, "a.pdf").documents
    starts = [*document.pages, len(document.text)]
    for number in range(len(document.pages)):
        aligned, characters = page_of(data, document, number)
        assert aligned.exact
        for offset, place in aligned.places.items():
            there = "-" if characters[place] in "\x02\ufffe" else characters[place]
            assert document.text[offset] in (there, *fold(there))
        used = list(aligned.places.values())
        ligatures = sum(max(len(fold(characters[place])) - 1, 0) for place in set(used))
        assert len(used) - len(set(used)) == ligatures
        for offset in range(starts[number], starts[number + 1]):
            if document.text[offset].isalnum():
                assert offset in aligned.places
    return document


def boxes_of(data: bytes, document: Document, start: int, end: int, number: int = 0) -> list[tuple[int, int]]:
    """Where the span is marked: left edge, and height above the page's lower edge, in points."""
    starts = [*document.pages, len(document.text)]
    page = document.text[starts[number] : starts[number + 1]]
    drawn = draw(Wanted(data, number + 1, page, starts[number], start, end, 595), picture=False)
    assert not isinstance(drawn, str)
    assert drawn.exact
    return [(round(box.left), round(HIGH - box.bottom)) for box in drawn.boxes]


def test_a_hyphen_that_was_dropped_and_one_that_was_kept() -> None:
    page = text(72, 700, "The first line of a paragraph that ends in a hyphen-")
    page += text(72, 686, "ated word, and one of the self-made and well-known kind")
    document = checked(pdf_of([page]))
    assert "hyphenated word, and one of the self-made" in document.text
    at = document.text.index("hyphenated")
    found = boxes_of(pdf_of([page]), document, at, at + len("hyphenated"))
    assert len(found) == 2
    assert found[1][0] == 72
    hyphen = document.text.index("self-") + 4
    assert boxes_of(pdf_of([page]), document, hyphen, hyphen + 1)


def test_furniture_between_two_pages_is_jumped_over() -> None:
    pages = [
        text(72, 800, f"Yearly figures, page {n}", 9)
        + text(72, 700, f"Body of sheet {n} says figures, page {n}")
        + text(72, 30, f"{n}", 9)
        for n in range(1, 6)
    ]
    document = checked(pdf_of(pages))
    assert "Yearly" not in document.text
    at = document.text.index("figures, page 3")
    assert boxes_of(pdf_of(pages), document, at, at + 15, 2)[0][1] < 710  # not the header's words


@pytest.mark.parametrize("lined", [True, False])
def test_cells_of_a_table(lined: bool) -> None:
    rows = [*DUTY, ("Lena Moss", "night", "4423")]  # a shift and a number that are there twice
    page = rows_at((72, 202, 322), 700, rows)
    page += ruled((70, 200, 320, 400), (715, 697, 679, 661, 640)) if lined else ""
    document = checked(pdf_of([page]))
    assert document.text.endswith("| Lena Moss | night | 4423 |")
    for n, (_, shift, phone) in enumerate(rows):
        line = document.text.split("\n")[n + (n > 0)]
        before = document.text.index(line)
        for x, cell in ((202, shift), (322, phone)):
            at = before + line.index(cell)
            ((left, bottom),) = boxes_of(pdf_of([page]), document, at, at + len(cell))
            assert abs(left - x) <= 1
            assert abs(bottom - (700 - 18 * n)) <= 4


def test_a_bar_and_a_dash_in_cells() -> None:
    rows = [("Key", "Sign", "Use"), ("bar", "|", "a | b"), ("dash", "-", "x-y"), ("none", "--", "z")]
    page = rows_at((72, 202, 322), 700, rows) + ruled((70, 200, 320, 400), (715, 697, 679, 661, 640))
    document = checked(pdf_of([page]))
    at = document.text.index("\\|") + 1
    ((left, bottom),) = boxes_of(pdf_of([page]), document, at, at + 1)
    assert abs(left - 202) <= 1
    assert abs(bottom - 682) <= 4
    at = document.text.index("| - |") + 2
    ((left, bottom),) = boxes_of(pdf_of([page]), document, at, at + 1)
    assert abs(left - 202) <= 1
    assert abs(bottom - 664) <= 4


def test_a_table_that_goes_on_without_its_header() -> None:
    first = rows_at((72, 200, 320), 200, DUTY)
    second = rows_at((72, 200, 320), 760, [DUTY[0], ("Uma Ray", "late", "4440"), ("Bo Lind", "late", "4441")])
    data = pdf_of([first, second])
    document = checked(data)
    at = document.text.index("late | 4441")
    ((left, bottom),) = boxes_of(data, document, at, at + 4, 1)
    assert left == 200
    assert abs(bottom - 724) <= 4


def test_columns_that_are_drawn_across() -> None:
    page = "".join(
        text(60, 700 - 14 * n, f"the left column of this page tells line {n}", 10)
        + text(320, 700 - 14 * n, f"the right column of this page tells line {n}", 10)
        for n in range(12)
    )
    document = checked(pdf_of([page]))
    at = document.text.index("right column of this page tells line 7")
    ((left, bottom),) = boxes_of(pdf_of([page]), document, at, at + 38)
    assert left > 320
    assert abs(bottom - (700 - 7 * 14)) <= 4


def test_ligatures_and_raised_numbers() -> None:
    page = text(72, 700, r"the o\002ice in the \001rst \001eld", font="F5")
    page += "BT /F1 12 Tf 72 670 Td (It holds 10) Tj /F1 7 Tf 5 Ts (6) Tj /F1 12 Tf 0 Ts ( litres) Tj ET\n"
    document = checked(pdf_of([page]))
    assert "the office in the first field" in document.text.replace("\ufb00", "ff")
    assert "10^6 litres" in document.text
    at = document.text.index("field")
    assert len(boxes_of(pdf_of([page]), document, at + 1, at + 5)) == 1


def test_chinese_and_upright_text() -> None:
    across = "BT /F3 14 Tf 72 700 Td <4f1a8b705ba4> Tj ET\n"
    down = "".join(
        f"BT /F4 14 Tf 1 0 0 1 {x} 600 Tm <{codes}> Tj ET\n"
        for x, codes in ((352, "99d08eca583430673002"), (376, "4e8830573060304f30553002"))
    )
    data = pdf_of([across + text(72, 740, "A line in Latin.") + down])
    document = checked(data)
    at = document.text.index("\u99d0")
    assert {left for left, _ in boxes_of(data, document, at, at + 1)} <= set(
        range(325, 365)
    )  # by the font that stands in


def test_values_of_fields_are_marked_where_they_stand() -> None:
    page = text(72, 720, "Applicant:") + text(72, 680, "Storeys:")
    fields = (
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (Marta Quell) /Rect [200 715 400 735] >>|"
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (s) /V (14) /Rect [200 675 400 695] >>"
    )
    data = pdf_of([page], fields=fields)
    document = checked_but_for_fields(data)
    at = document.text.index("14")
    ((left, bottom),) = boxes_of(data, document, at, at + 2)
    assert left == 200
    assert 670 < bottom < 690
    assert len(boxes_of(data, document, 0, len(document.text))) == 4


def checked_but_for_fields(data: bytes) -> Document:
    (document,) = load_bytes(data, "a.pdf").documents
    aligned, _ = page_of(data, document, 0)
    assert aligned.exact
    assert [document.text[start:end] for start, end, _ in aligned.typed] == ["Marta Quell", "14"]
    return document


def test_another_text_than_the_file_gives_is_brought_together_by_what_it_says() -> None:
    data = pdf_of([text(72, 700, "The first line, as it is read."), text(72, 700, "The second page.")])
    (document,) = load_bytes(data, "a.pdf").documents
    other = document.text.replace("first line", "first \u2014 line")
    drawn = draw(Wanted(data, 1, other[:33], 0, 4, 9, 595), picture=False)
    assert not isinstance(drawn, str)
    assert drawn.boxes
    late = draw(Wanted(data + b"\n", 1, other[:30], 0, 4, 9, 595), picture=False, seconds=-1.0)
    assert not isinstance(late, str)
    assert late.boxes == drawn.boxes


def test_places_come_in_the_order_of_the_text() -> None:
    aligned = Aligned({3: 9, 4: 7, 6: 8}, frozenset({3, 4, 5, 6}), False)
    assert places_of(aligned, 3, 5) == ([9, 7], True)
    assert places_of(aligned, 3, 7) == ([9, 7, 8], False)
