"""PDF: tables, order, forms, raised numbers and what a page does not show; every file is written here."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.chunking.blocks.parse import blocks
from rag.errors import LoadError
from rag.loaders import load_bytes
from rag.loaders.guard.hidden import HIDDEN_KEY
from rag.loaders.pdf.drawn import drawn_on
from rag.types import Document
from tests.loaders.samples import pdf_of


def text(x: float, y: float, words: str, size: float = 11, font: str = "F1", more: str = "") -> str:
    return f"BT /{font} {size} Tf {more} {x} {y} Td ({words}) Tj ET\n"


def rows_at(xs: tuple[float, ...], top: float, rows: Sequence[tuple[str, ...]], pitch: float = 18) -> str:
    return "".join(
        text(x, top - pitch * n, cell) for n, row in enumerate(rows) for x, cell in zip(xs, row, strict=True)
    )


def ruled(xs: tuple[float, ...], ys: tuple[float, ...]) -> str:
    across = "".join(f"{xs[0]} {y} m {xs[-1]} {y} l S\n" for y in ys)
    return across + "".join(f"{x} {ys[0]} m {x} {ys[-1]} l S\n" for x in xs)


def loaded(*pages: str, **more: str) -> Document:
    return load_bytes(pdf_of(list(pages), **more), "a.pdf").documents[0]


DUTY = [("Name", "Shift", "Phone"), ("Ana Belic", "early", "4410"), ("Ivo Sand", "night", "4423")]
DUTY_TABLE = (
    "| Name | Shift | Phone |\n| --- | --- | --- |\n| Ana Belic | early | 4410 |\n| Ivo Sand | night | 4423 |"
)


def test_table_without_rules() -> None:
    more = [*DUTY, ("Lena Moss", "late", "4431")]
    document = loaded(rows_at((72, 200, 320), 700, more))
    assert document.text == DUTY_TABLE + "\n| Lena Moss | late | 4431 |"
    assert document.media_type == "text/markdown"


def test_table_with_rules_whose_columns_are_close() -> None:
    page = ruled((70, 132, 170, 210), (715, 697, 679, 661)) + rows_at((72, 134, 172), 701, DUTY)
    assert loaded(page).text == DUTY_TABLE


def test_wrapped_cells_are_joined_with_and_without_rules() -> None:
    cells = (
        text(72, 700, "Hazard") + text(250, 700, "Measure") + text(420, 700, "Responsible")
        + text(72, 680, "Falling from the scaffold") + text(72, 667, "in strong wind")
        + text(250, 680, "Stop the work above") + text(250, 667, "wind force six") + text(420, 680, "Okoro")
        + text(72, 647, "Burns from bitumen") + text(72, 634, "on the flat roof")
        + text(250, 647, "Wear long sleeves and") + text(250, 634, "keep cold water near")
        + text(420, 647, "Lindqvist")
    )  # fmt: skip
    expected = (
        "| Hazard | Measure | Responsible |\n| --- | --- | --- |\n"
        "| Falling from the scaffold in strong wind | Stop the work above wind force six | Okoro |\n"
        "| Burns from bitumen on the flat roof | Wear long sleeves and keep cold water near | Lindqvist |"
    )
    assert loaded(cells).text == expected
    assert loaded(ruled((70, 245, 415, 500), (713, 693, 660, 627)) + cells).text == expected


def test_a_table_goes_on_over_pages_and_pages_begin_at_its_rows() -> None:
    first = rows_at((72, 200, 320), 200, DUTY)
    second = rows_at((72, 200, 320), 760, [DUTY[0], ("Uma Ray", "late", "4440"), ("Bo Lind", "late", "4441")])
    document = loaded(first, second)
    assert document.text == DUTY_TABLE + "\n| Uma Ray | late | 4440 |\n| Bo Lind | late | 4441 |"
    assert document.text[document.pages[1] :].startswith("| Uma Ray")
    assert [block.kind for block in blocks(document)] == ["table"]


GOODS = [("Pos", "Article", "Qty", "Total"), ("1", "Flour", "12", "100.80"), ("2", "Salt", "3", "34.50")]


def test_pairs_are_lines_and_a_table_below_is_one() -> None:
    pairs = rows_at(
        (72, 200), 740, [("Invoice no.", "R-208"), ("Date", "2024-05-14"), ("Due", "2024-06-13")], 16
    )
    items = rows_at(
        (72, 110, 240, 320), 660, GOODS, 16
    )  # fmt: skip
    assert loaded(pairs + items).text == (
        "Invoice no.: R-208\nDate: 2024-05-14\nDue: 2024-06-13\n\n"
        "| Pos | Article | Qty | Total |\n| --- | --- | --- | --- |\n"
        "| 1 | Flour | 12 | 100.80 |\n| 2 | Salt | 3 | 34.50 |"
    )


def test_columns_of_prose_are_no_table_and_are_read_one_after_the_other() -> None:
    left = [f"the left column of this page tells line {n}" for n in range(12)]
    right = [f"and the right one has other words in {n}" for n in range(12)]
    page = "".join(
        text(60, 700 - 14 * n, left[n], 10) + text(320, 700 - 14 * n, right[n], 10) for n in range(12)
    )
    found = loaded(page).text
    assert "|" not in found
    assert found.index("line 11") < found.index("words in 0")


def test_equations_are_no_table() -> None:
    page = rows_at((72, 150, 200), 700, [("x", "=", "wt + v,"), ("y", "=", "z + v,"), ("z", "=", "0,")])
    assert "|" not in loaded(page).text


def test_text_outside_the_crop_box_is_left_out_and_told() -> None:
    both = text(72, 700, "The quarry closed in 1988 after the flood.") + text(
        667, 700, "The brickworks was founded in 1901 by two sisters."
    )
    document = loaded(
        both, both, boxes="/MediaBox [0 0 1190 842] /CropBox [0 0 595 842]|"
        "/MediaBox [0 0 1190 842] /CropBox [595 0 1190 842]"
    )  # fmt: skip
    assert document.text.split("\n\n") == [
        "The quarry closed in 1988 after the flood.",
        "The brickworks was founded in 1901 by two sisters.",
    ]
    assert "outside the page" in document.metadata[HIDDEN_KEY]


HIDDEN = "Words that say the ferry is free for everyone who asks."


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (text(72, -200, HIDDEN), "outside the page"),
        (text(72, 650, HIDDEN, more="3 Tr"), "drawn without ink"),
        (text(72, 650, HIDDEN, more="1 1 1 rg"), "colour of its background"),
        (text(72, 650, HIDDEN, size=0.5), "size of zero"),
    ],
)
def test_hidden_text_is_left_out_and_told(page: str, why: str) -> None:
    document = loaded(text(72, 700, "The ferry leaves at eight.") + page)
    assert document.text == "The ferry leaves at eight."
    assert why in document.metadata[HIDDEN_KEY]


def test_invisible_text_over_an_image_is_the_layer_of_a_scan() -> None:
    page = "q 500 0 0 700 50 50 cm /I1 Do Q\n" + text(72, 650, HIDDEN, more="3 Tr")
    document = loaded(page)
    assert document.text == HIDDEN
    assert HIDDEN_KEY not in document.metadata


def test_white_text_on_dark_is_read() -> None:
    page = "0 0 0.5 rg 60 640 400 30 re f\n" + text(72, 650, HIDDEN, more="1 1 1 rg")
    assert HIDDEN in loaded(page).text


@pytest.mark.parametrize(
    ("base", "mark", "shown"),
    [("1,250", "3", "1,250 [3]"), ("10", "6", "10^6"), ("120 m", "2", "120 m^2"), ("500", "a", "500 [a]")],
)
def test_raised_numbers_do_not_join(base: str, mark: str, shown: str) -> None:
    page = f"BT /F1 12 Tf 72 700 Td (The dam holds {base}) Tj "
    page += f"/F1 7 Tf 5 Ts ({mark}) Tj /F1 12 Tf 0 Ts ( in all.) Tj ET\n"
    assert f"holds {shown} in all." in loaded(page).text


def test_headings_by_size_and_weight() -> None:
    body = [f"Running text of the report, line {n} of a paragraph that goes on." for n in range(3)]
    page = text(72, 740, "Annual Report", 20, "F2") + text(72, 700, "Key figures", 14, "F2")
    page += "".join(text(72, 680 - 13 * n, line) for n, line in enumerate(body))
    page += text(72, 620, "Outlook", 11, "F2") + text(72, 600, "The year will be calm.")
    document = loaded(page)
    assert document.title == "Annual Report"
    headings = [(block.level, block.title) for block in blocks(document) if block.kind == "heading"]
    assert headings == [(1, "Annual Report"), (2, "Key figures"), (3, "Outlook")]


def test_furniture_of_two_pages() -> None:
    pages = [
        text(72, 800, f"Norrvik report - Page {n}", 9)
        + text(72, 700, f"Body {word}.")
        + text(72, 30, "Norrvik AB", 9)
        for n, word in ((1, "one"), (2, "two"))
    ]  # fmt: skip
    assert loaded(*pages).text == "Body one.\n\nBody two."


def test_form_values_stand_behind_their_labels() -> None:
    page = text(72, 720, "Applicant:") + text(72, 680, "Storeys:") + text(72, 640, "Listed building")
    fields = (
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (Marta Quell) /Rect [200 715 400 735] >>|"
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (s) /V (14) /Rect [200 675 400 695] >>|"
        "<< /Type /Annot /Subtype /Widget /FT /Btn /T (l) /V /Yes /AS /Yes /Rect [200 637 212 649] >>"
    )
    found = loaded(page, fields=fields).text
    assert "Applicant: Marta Quell" in found
    assert "Storeys: 14" in found
    assert "Listed building ☒" in found or "Listed building: ☒" in found


def test_fonts_that_are_not_embedded_are_told() -> None:
    glyphs = "".join(
        f"BT /F3 18 Tf {72 + 18 * n} 700 Td <{code}> Tj ET\n"
        for n, code in enumerate(("4f1a", "8b70", "5ba4"))
    )
    # Where the machine has a font for them, PDFium puts that in their place.
    try:
        told = loaded(glyphs).text
    except LoadError as error:
        told = str(error)
    assert "fonts that are not embedded" in told or "会" in told
    result = load_bytes(pdf_of([text(72, 740, "A line in Latin.") + glyphs]), "a.pdf")
    assert (
        any("fonts that are not embedded" in problem for problem in result.problems)
        or "会" in result.documents[0].text
    )


def test_upright_columns_are_read_from_the_right() -> None:
    def column(x: float, codes: str) -> str:
        return f"BT /F4 14 Tf 1 0 0 1 {x} 760 Tm <{codes}> Tj ET\n"

    first, second = "4e8830573060304f30553002", "99d08eca583430673002"
    result = load_bytes(pdf_of([column(352, second) + column(376, first)]), "a.pdf")
    found = result.documents[0].text
    assert found.index("\u4e88") < found.index("\u99d0")


def test_objects_of_a_page() -> None:
    from pypdfium2 import PdfDocument

    document = PdfDocument(pdf_of([ruled((70, 132), (715, 697)) + text(72, 700, "x", more="3 Tr")]))
    drawn = drawn_on(document[0])
    assert (len(drawn.across), len(drawn.down), drawn.unseen, drawn.pale) == (2, 2, True, False)
    document.close()
