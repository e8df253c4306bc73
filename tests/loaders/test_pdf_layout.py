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
    made = pdf_of([page], fields=fields)
    # A page that was taken out of its file has fields without a form.
    for data in (made, made.replace(b"/AcroForm", b"/GoneForm")):
        found = load_bytes(data, "a.pdf").documents[0].text
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


def test_a_page_that_only_hides_text_says_so() -> None:
    with pytest.raises(LoadError, match=r"no text on its page; left out as hidden: \d+ .*outside the page"):
        loaded(text(72, -200, HIDDEN))


def test_upright_columns_are_read_from_the_right() -> None:
    def column(x: float, codes: str) -> str:
        return f"BT /F4 14 Tf 1 0 0 1 {x} 760 Tm <{codes}> Tj ET\n"

    first, second = "4e8830573060304f30553002", "99d08eca583430673002"
    result = load_bytes(pdf_of([column(352, second) + column(376, first)]), "a.pdf")
    found = result.documents[0].text
    assert found.index("\u4e88") < found.index("\u99d0")


def test_three_upright_columns_beside_latin_are_read_or_told() -> None:
    codes = ("4e8830573060304f30553002", "99d08eca583430673002", "4f1a8b7030674e5d66423002")
    columns = "".join(f"BT /F4 14 Tf {440 - 30 * n} 700 Td <{code}> Tj ET\n" for n, code in enumerate(codes))
    result = load_bytes(pdf_of([columns + text(72, 640, "Contract 2016")]), "a.pdf")
    found = result.documents[0].text
    assert "Contract 2016" in found
    heads = [found.find(bytes.fromhex(code[:4]).decode("utf-16-be")) for code in codes]
    told = any("fonts that are not embedded" in problem for problem in result.problems)
    assert told or (min(heads) >= 0 and heads == sorted(heads))


def test_objects_of_a_page() -> None:
    from pypdfium2 import PdfDocument

    document = PdfDocument(pdf_of([ruled((70, 132), (715, 697)) + text(72, 700, "x", more="3 Tr")]))
    drawn = drawn_on(document[0])
    assert (len(drawn.across), len(drawn.down), drawn.unseen, drawn.pale) == (2, 2, True, False)
    document.close()


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (text(72, -200, "Code: 4711"), "outside the page"),
        (text(72, 650, "free ferry", more="3 Tr"), "drawn without ink"),
        (text(72, 650, "free ferry", more="1 1 1 rg"), "colour of its background"),
        (text(72, 650, "free ferry", size=0.5), "size of zero"),
    ],
)
def test_a_word_or_two_of_hidden_text_are_left_out_and_told(page: str, why: str) -> None:
    document = loaded(text(72, 700, "The ferry leaves at eight.") + page)
    assert document.text == "The ferry leaves at eight."
    assert f"10 characters of text ({why})" in document.metadata[HIDDEN_KEY]


def test_white_text_on_a_shading_is_read() -> None:
    shading = (
        "<< /ShadingType 2 /ColorSpace /DeviceRGB /Coords [60 0 460 0] /Function "
        "<< /FunctionType 2 /Domain [0 1] /C0 [0.1 0.1 0.4] /C1 [0.2 0.4 0.2] /N 1 >> /Extend [true true] >>"
    )
    page = "q 60 640 400 30 re W n /S1 sh Q\n" + f"q {text(72, 650, 'Fares of 2024', more='1 1 1 rg')} Q\n"
    data = pdf_of([page + text(72, 600, "Words below it.")])
    # The shading stands in the resources; the offsets of the objects are mended by PDFium.
    data = data.replace(b"/XObject <<", b"/Shading << /S1 " + shading.encode() + b" >> /XObject <<")
    (document,) = load_bytes(data, "a.pdf").documents
    assert "Fares of 2024" in document.text
    assert HIDDEN_KEY not in document.metadata


TWO_LEVELS = (
    "| Region | 2023 Spring | 2023 Autumn | 2024 Spring | 2024 Autumn |\n"
    "| --- | --- | --- | --- | --- |\n"
    "| North | 11 | 12 | 13 | 14 |\n| South | 21 | 22 | 23 | 24 |\n| West | 31 | 32 | 33 | 34 |"
)
BELOW = [
    ("North", "11", "12", "13", "14"),
    ("South", "21", "22", "23", "24"),
    ("West", "31", "32", "33", "34"),
]


@pytest.mark.parametrize("region", [682, 700, 691])  # on either level, and between the two
def test_names_of_columns_on_two_levels_with_rules(region: float) -> None:
    xs, ys = (70, 130, 190, 250, 310, 370), (715, 697, 679, 661, 643, 625)
    page = "70 715 m 370 715 l S 130 697 m 370 697 l S\n"
    page += "".join(f"70 {y} m 370 {y} l S\n" for y in ys[2:])
    page += "".join(f"{x} 625 m {x} {715 if x in (70, 130, 250, 370) else 697} l S\n" for x in xs)
    page += text(72, region, "Region", 10) + text(180, 701, "2023", 10) + text(300, 701, "2024", 10)
    page += rows_at((132, 192, 252, 312), 683, [("Spring", "Autumn") * 2])
    page += rows_at((72, 132, 192, 252, 312), 665, BELOW)
    assert loaded(page).text == TWO_LEVELS


@pytest.mark.parametrize("upper", [False, True])
def test_names_of_columns_on_two_levels_without_rules(upper: bool) -> None:
    names = text(164, 720, "2023") + text(284, 720, "2024")
    names += rows_at((132, 192, 252, 312), 704, [("Spring", "Autumn") * 2])
    names += text(72, 720 if upper else 704, "Region")
    page = text(72, 760, "Guests by season.") + names + rows_at((72, 132, 192, 252, 312), 686, BELOW)
    assert loaded(page).text == "Guests by season.\n\n" + TWO_LEVELS


def test_a_cell_over_two_rows_stands_in_both() -> None:
    page = "".join(f"70 {y} m 310 {y} l S\n" for y in (715, 697, 661, 643))
    page += "130 679 m 310 679 l S\n" + "".join(f"{x} 643 m {x} 715 l S\n" for x in (70, 130, 250, 310))
    page += rows_at((132, 252), 701, [("Shift", "Phone"), ("early", "4410"), ("late", "4423")])
    page += text(72, 701, "Ward") + text(72, 674, "North") + text(72, 647, "South") + text(132, 647, "all")
    assert loaded(page).text == (
        "| Ward | Shift | Phone |\n| --- | --- | --- |\n"
        "| North | early | 4410 |\n| North | late | 4423 |\n| South | all |  |"
    )


def test_one_row_of_a_table_on_the_next_page_belongs_to_it() -> None:
    first = rows_at((72, 200, 320), 200, [*DUTY, ("Bo Lind", "late", "4441")])
    second = rows_at((72, 200, 320), 760, [("Uma Ray", "late", "4440")])
    second += text(72, 700, "The list is kept by the office, which is open all day.")
    document = loaded(first, second)
    assert document.text == (
        DUTY_TABLE + "\n| Bo Lind | late | 4441 |\n| Uma Ray | late | 4440 |\n\n"
        "The list is kept by the office, which is open all day."
    )
    assert document.text[document.pages[1] :].startswith("| Uma Ray")


def test_a_line_of_prose_on_the_next_page_is_no_row() -> None:
    first = rows_at((72, 200, 320), 200, [*DUTY, ("Bo Lind", "late", "4441")])
    second = text(72, 760, "The list is kept by the office, which is open all day.")
    assert loaded(first, second).text.endswith(
        "| 4441 |\n\nThe list is kept by the office, which is open all day."
    )


def test_columns_of_a_printed_sheet_are_hardly_apart() -> None:
    goods = [("Item", "Store", "Price"), ("flour", "harbour", "12.50"), ("salt", "north", "3.40")]
    goods += [("pepper", "harbour", "7.25"), ("rice", "harbour", "4.10"), ("oats", "north", "2.90")]
    page = "".join(
        text(x, 700 - 13 * n, cell, 10)
        for n, row in enumerate(goods)
        for x, cell in zip((72, 108, 147), row, strict=True)
    )
    assert loaded(page).text == "| Item | Store | Price |\n| --- | --- | --- |\n" + "\n".join(
        f"| {' | '.join(row)} |" for row in goods[1:]
    )
    letters = "".join(
        text(72, 700 - 13 * n, line, 10)
        for n, line in enumerate(["we saw the old mill", "we set the old sail", "we sat the old wall"] * 2)
    )
    assert "|" not in loaded(letters).text


def test_a_table_with_rules_below_its_rows_alone_and_wrapped_cells_at_other_heights() -> None:
    rows = [("P-1", "North plant in the", "long valley", "4 days"),
            ("P-2", "South plant on the", "high hill", "9 days"),
            ("P-3", "West plant by the", "deep lake", "7 days")]  # fmt: skip
    page = "".join(text(x, 712, name) for x, name in ((60, "Part"), (120, "Supplier"), (300, "Lead time")))
    page += "60 706 300 0.4 re f\n"
    for n, (part, first, second, days) in enumerate(rows):
        y = 690 - 34 * n
        page += (
            text(120, y, first) + text(120, y - 13, second) + text(60, y - 15, part) + text(300, y - 15, days)
        )
        page += f"60 {y - 20} 300 0.4 re f\n"
    made = loaded(page + text(60, 560, "All plants close in July.")).text
    assert made == (
        "| Part | Supplier | Lead time |\n| --- | --- | --- |\n"
        "| P-1 | North plant in the long valley | 4 days |\n"
        "| P-2 | South plant on the high hill | 9 days |\n| P-3 | West plant by the deep lake | 7 days |\n\n"
        "All plants close in July."
    )


def test_rules_between_paragraphs_make_no_table() -> None:
    said = [f"Paragraph {n} of the letter goes on over the line and says one thing." for n in range(4)]
    page = "".join(
        text(60, 700 - 30 * n, line) + f"60 {694 - 30 * n} 400 0.4 re f\n" for n, line in enumerate(said)
    )
    assert "|" not in loaded(page).text


def test_notes_that_people_wrote_onto_a_page_follow_its_text() -> None:
    note = "<< /Type /Annot /Subtype /Text /Rect [60 640 80 660] /Contents (The price is wrong.) >>"
    box = "<< /Type /Annot /Subtype /FreeText /Rect [60 600 80 620] /Contents (Ask Otto.) >>"
    link = "<< /Type /Annot /Subtype /Link /Rect [60 500 80 520] /Contents (a link) >>"
    pages = text(60, 700, "The pump costs 4,000 euros."), text(60, 700, "Next.")
    found = loaded(*pages, fields=f"{note}|{box}|{link}")
    assert found.text.split("\n\n") == [
        "The pump costs 4,000 euros.", "Comment: The price is wrong.", "Comment: Ask Otto.", "Next.",
    ]  # fmt: skip
    assert found.pages == (0, found.text.index("Next."))


def test_text_that_is_turned_has_no_lowered_letters() -> None:
    page = text(60, 700, "Normal text on the page.")
    page += "BT /F1 12 Tf 0 1 -1 0 300 300 Tm (Sideways note: fuse F7 is 16 A.) Tj ET\n"
    assert "Sideways note: fuse F7 is 16 A." in loaded(page).text


def test_a_power_whose_unit_is_drawn_behind_it() -> None:
    page = text(60, 700, "Area 12", 12) + text(102, 705, "2", 7) + text(108, 700, "m wide.", 12)
    assert "12^2 m wide." in loaded(page).text


def with_layers(content: str, *, off: bool, marked: bool) -> bytes:
    """A PDF with a layer `L`; `marked`: the file says so in the page's content alone, as in packed files."""
    data = pdf_of([content])
    data = data.replace(b"/Resources << /Font", b"/Resources << /Properties << /L 90 0 R >> /Font")
    state = b"/D << /OFF [90 0 R] >>" if off else b"/D << >>"
    name = b"/OCProp#65rties" if marked else b"/OCProperties"
    data = data.replace(
        b"/Type /Catalog", b"/Type /Catalog " + name + b" << /OCGs [90 0 R] " + state + b" >>"
    )
    layer = b"90 0 obj\n<< /Type /OCG /Name (Notes) >>\nendobj\n"
    return data[: data.index(b"xref\n")] + layer + b"trailer << /Root 1 0 R >>\n%%EOF"


@pytest.mark.parametrize("marked", [True, False])
def test_text_on_a_layer_that_is_off_is_left_out_and_told(marked: bool) -> None:
    content = (
        "BT /F1 12 Tf 72 700 Td (The gate opens at six.) Tj ET "
        "/OC /L BDC BT /F1 12 Tf 72 600 Td (The gate opens at nine.) Tj ET EMC "
        "BT /F1 12 Tf 72 500 Td (Ask the warden.) Tj ET"
    )
    shown = load_bytes(with_layers(content, off=False, marked=marked), "a.pdf").documents[0]
    assert "nine" in shown.text
    assert HIDDEN_KEY not in shown.metadata
    hidden = load_bytes(with_layers(content, off=True, marked=marked), "a.pdf").documents[0]
    assert hidden.text == "The gate opens at six.\n\nAsk the warden."
    assert "23 characters of text (on a layer that is off)" in str(hidden.metadata[HIDDEN_KEY])


def test_files_that_a_pdf_carries_are_told() -> None:
    data = pdf_of(["BT /F1 12 Tf 72 700 Td (Invoice 4711.) Tj ET"])
    files = b"/Names << /EmbeddedFiles << /Names [(a.xml) 90 0 R (b.csv) 90 0 R] >> >>"
    data = data.replace(b"/Type /Catalog", b"/Type /Catalog " + files)
    spec = (
        b"90 0 obj\n<< /Type /Filespec /F (invoice.xml) /UF (invoice.xml) /EF << /F 91 0 R >> >>\nendobj\n"
        b"91 0 obj\n<< /Type /EmbeddedFile /Length 4 >>\nstream\n<a/>\nendstream\nendobj\n"
    )
    data = data[: data.index(b"xref\n")] + spec + b"trailer << /Root 1 0 R >>\n%%EOF"
    assert load_bytes(data, "a.pdf").problems == [
        "2 attached files not read (invoice.xml, invoice.xml); save what you need from the PDF as files"
    ]


def test_xfa_forms_are_told() -> None:
    data = pdf_of(["BT /F1 12 Tf 72 700 Td (Please wait.) Tj ET"])
    form = b"/AcroForm << /Fields [] /XFA [(template) 90 0 R] >>"
    data = data.replace(b"/Type /Catalog", b"/Type /Catalog " + form)
    part = b"90 0 obj\n<< /Length 4 >>\nstream\n<a/>\nendstream\nendobj\n"
    data = data[: data.index(b"xref\n")] + part + b"trailer << /Root 1 0 R >>\n%%EOF"
    (problem,) = load_bytes(data, "a.pdf").problems
    assert problem.startswith("an XFA form: values that only its XML holds are not read")


QUARRY, BRICKS = "The quarry closed in 1988.", "The brickworks opened in 1901."
SPREAD = (
    f"BT /F1 12 Tf 72 700 Td ({QUARRY}) Tj ET BT /F1 12 Tf 372 700 Td ({BRICKS}) Tj ET "  # halves of a spread
)


@pytest.mark.parametrize(
    ("contents", "boxes"),
    [
        # A box for each half, turned pages, and media that begin elsewhere.
        ([SPREAD, SPREAD], "/MediaBox [0 0 600 842] /CropBox [0 0 300 842]|"
         "/MediaBox [0 0 600 842] /CropBox [300 0 600 842]"),
        ([SPREAD, SPREAD], "/MediaBox [0 0 600 842] /CropBox [0 0 300 842] /Rotate 90|"
         "/MediaBox [0 0 600 842] /CropBox [300 0 600 842] /Rotate 270"),
        ([SPREAD, SPREAD], "/MediaBox [0 0 300 842] /CropBox [-90 -90 900 900]|/MediaBox [300 0 600 842]"),
        # Paths that clip, one of them moved.
        ([f"q 0 0 300 842 re W n {SPREAD} Q",
          f"q 1 0 0 1 300 0 cm 0 0 300 842 re W n 1 0 0 1 -300 0 cm {SPREAD} Q"], "/MediaBox [0 0 600 842]"),
        # Both halves in one place: what is clipped away lies under what shows.
        ([f"q 0 0 300 842 re W n {SPREAD} Q", f"q 0 0 300 842 re W n 1 0 0 1 -300 0 cm {SPREAD} Q "
          f"q 300 0 300 842 re W n {SPREAD} Q"], "/MediaBox [0 0 600 842]"),
    ],
)  # fmt: skip
def test_each_page_has_the_half_that_it_shows(contents: list[str], boxes: str) -> None:
    document = load_bytes(pdf_of(contents, boxes), "a.pdf").documents[0]
    first, second = document.text[: document.pages[1]].strip(), document.text[document.pages[1] :].strip()
    assert first == QUARRY
    assert set(second.replace(BRICKS, "|").split()) == {"|"}
    assert "characters of text" in str(document.metadata[HIDDEN_KEY])


def test_text_that_a_path_clips_in_part_or_not_at_all_is_read() -> None:
    kept = "The quarry closed in 1988."
    for path in ("0 0 600 842 re", "60 690 240 30 re", "70 698 m 300 698 l 300 715 l 70 715 l h"):
        document = load_bytes(
            pdf_of([f"q {path} W n BT /F1 12 Tf 72 700 Td ({kept}) Tj ET Q"]), "a.pdf"
        ).documents[0]
        assert (document.text, HIDDEN_KEY in document.metadata) == (kept, False)


def test_columns_of_a_printed_sheet_touch_and_one_holds_names_of_several_words() -> None:
    """As Calc prints one: columns as wide as their longest cell, a point or two apart."""
    rows = [["Nr", "Station", "Level", "Flow", "Warden"]]
    names = ["Oberau", "Neustadt an der Aisch", "Graz", "Lund"]
    rows += [
        [str(n), names[n % 4], f"{n * 0.37:.2f}", str(n * 117), ["A. Lund", "B. Ek"][n % 2]]
        for n in range(1, 13)
    ]
    ends, heads = (
        {0: 70, 2: 206, 3: 231.3},
        [58, 74, 180, 209, 235],
    )  # numbers end there, others begin as names do

    def x(row: int, column: int, cell: str) -> float:
        wide = sum(2.78 if sign == "." else 5.56 for sign in cell)  # of digits in Helvetica of 10 points
        return ends[column] - wide if row and column in ends else heads[column]

    content = "".join(
        text(x(r, c, cell), 720 - 13 * r, cell, size=10)
        for r, row in enumerate(rows)
        for c, cell in enumerate(row)
    )
    read = load_bytes(pdf_of([content]), "a.pdf").documents[0].text.split("\n")
    assert [
        [cell.strip() for cell in line.strip("|").split("|")] for line in read if "---" not in line
    ] == rows


def right(x: float, y: float, number: str) -> str:
    """A number that ends at x: its digits are 6.1 points wide in this size, its other signs 3.1."""
    return text(x - sum(6.12 if sign.isdigit() else 3.06 for sign in number), y, number)


TONNES = [("Rotterdam", "6,897", "5,730"), ("Hamburg", "4,290", "4,362"), ("Cork", "305", "8,301")]
TONNES_ROWS = "\n".join(f"| {' | '.join(row)} |" for row in TONNES)


def tonnes(top: float, pitch: float = 18) -> str:
    return "".join(
        text(60, top - pitch * n, port)
        + right(260, top - pitch * n, one)
        + right(400, top - pitch * n, other)
        for n, (port, one, other) in enumerate(TONNES)
    )


@pytest.mark.parametrize("rules", ["", "60 694 350 0.4 re f\n", "0.9 g 55 653 360 18 re f 0 g\n"])
def test_names_at_the_left_of_their_columns_and_numbers_at_the_right(rules: str) -> None:
    head = text(60, 700, "Port") + text(180, 700, "Import") + text(320, 700, "Export")
    made = loaded(rules + head + tonnes(678)).text
    assert made == f"| Port | Import | Export |\n| --- | --- | --- |\n{TONNES_ROWS}"


def test_a_rule_above_and_below_the_names_and_one_at_the_end() -> None:
    page = "".join(f"55 {y} 350 0.6 re f\n" for y in (716, 694, 630))
    page += text(60, 700, "Port") + text(180, 700, "Import") + text(320, 700, "Export") + tonnes(678)
    made = loaded(text(60, 740, "Ports are counted once a year, in spring.") + page).text
    assert made.endswith(f"| Port | Import | Export |\n| --- | --- | --- |\n{TONNES_ROWS}")


def test_rows_that_name_those_below_them_have_no_values() -> None:
    page = text(60, 700, "Port") + text(180, 700, "Import") + text(320, 700, "Export")
    page += text(60, 682, "North Sea") + tonnes(664) + text(60, 610, "Baltic")
    page += text(60, 592, "Gdansk") + right(260, 592, "5,028") + right(400, 592, "8,016")
    assert loaded(page).text == (
        "| Port | Import | Export |\n| --- | --- | --- |\n| North Sea |  |  |\n"
        f"{TONNES_ROWS}\n| Baltic |  |  |\n| Gdansk | 5,028 | 8,016 |"
    )


def test_a_line_of_prose_right_above_a_frame_names_no_columns() -> None:
    page = text(60, 719, "The list of the harbour is kept by the office, which is open on all days.")
    page += "55 716 m 415 716 l 415 630 l 55 630 l 55 716 l S 55 694 m 415 694 l S\n"
    page += text(60, 700, "Port") + text(180, 700, "Import") + text(320, 700, "Export") + tonnes(678)
    made = loaded(page).text
    assert made.startswith("The list")
    assert made.endswith(f"\n\n| Port | Import | Export |\n| --- | --- | --- |\n{TONNES_ROWS}")


def test_lines_of_cells_that_are_centred_beside_one_another() -> None:
    page = rows_at((60, 200, 380), 690, [("Hazard", "Measure", "By")])
    cells = [(670, "Burns", ("Gloves are worn, and the", "kettle is level"), "May 2")]
    cells += [(637, "Falls", ("Guard rails stand on", "every level"), "May 9")]
    for y, first, second, third in cells:
        page += text(200, y, second[0]) + text(60, y - 6.5, first) + text(380, y - 6.5, third)
        page += text(200, y - 13, second[1])
    page += rows_at((60, 200, 380), 604, [("Noise", "Ear protection", "June 1")])
    assert loaded(page).text == (
        "| Hazard | Measure | By |\n| --- | --- | --- |\n"
        "| Burns | Gloves are worn, and the kettle is level | May 2 |\n"
        "| Falls | Guard rails stand on every level | May 9 |\n| Noise | Ear protection | June 1 |"
    )


def test_the_rest_of_a_cell_at_the_top_of_the_next_page_is_a_row() -> None:
    rows = [(str(n), "Hex bolt", f"{n}.50") for n in range(11, 16)]
    first = rows_at((60, 140, 300), 150, [("No.", "Article", "Price"), *rows])
    second = text(140, 780, "size M8") + rows_at(
        (60, 140, 300), 760, [("16", "Rope", "9.10"), ("17", "Lamp", "3.30")]
    )
    second += rows_at((60, 140, 300), 724, [("18", "Fuse", "1.20")])
    assert loaded(first, second).text.endswith(
        "| 15 | Hex bolt | 15.50 |\n|  | size M8 |  |\n| 16 | Rope | 9.10 |\n| 17 | Lamp | 3.30 |\n"
        "| 18 | Fuse | 1.20 |"
    )
