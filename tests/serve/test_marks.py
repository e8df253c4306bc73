"""Where the characters of a text stand on its page: alignments whose outcome is known by hand."""

from __future__ import annotations

import random

import pytest

from rag.loaders import load_bytes
from rag.serve.marks import Box, align, boxes, fold, folded
from tests.loaders.samples import pdf


def test_characters_fold_alike_on_both_sides() -> None:
    assert [fold(one) for one in "aÅﬁ -\u00ad½"] == ["a", "A", "fi", "", "", "", "1⁄2"]
    assert folded("aﬁb", 10) == ("afib", [10, 11, 11, 12])


def test_a_hyphen_at_the_end_of_a_line_and_a_header_are_jumped_over() -> None:
    page = list("Annual Report 7\r\nthe quick brown fo\x02xes jump")
    aligned = align("the quick brown foxes jump", 100, page)
    assert aligned.exact
    at = dict(zip("the quick brown foxes jump", range(100, 126), strict=True))
    assert page[aligned.places[100]] == "t"
    assert page[aligned.places[at["x"]]] == "x"
    assert "".join(page[aligned.places[one]] for one in sorted(aligned.places)) == "thequickbrownfoxesjump"


def test_of_two_equal_lines_the_right_one_is_taken() -> None:
    page = list("same\nsame\nother")
    aligned = align("same other", 0, page)
    assert aligned.exact
    assert [aligned.places[one] for one in (0, 5)] in ([0, 10], [5, 10])


def test_what_does_not_add_up_is_told() -> None:
    aligned = align("the text says cat", 0, list("the text says dog"))
    assert not aligned.exact
    assert 14 not in aligned.places


def test_boxes_are_one_for_a_run_and_a_new_one_for_a_new_line() -> None:
    cells = {0: Box(0, 0, 10, 12), 1: Box(10, 0, 20, 12), 2: Box(0, 20, 10, 32), 3: Box(300, 20, 310, 32)}
    assert boxes([0, 1, 2, 3], cells.__getitem__) == [
        Box(0, 0, 20, 12),
        Box(0, 20, 10, 32),
        Box(300, 20, 310, 32),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_every_span_of_a_pdf_is_found(seed: int) -> None:
    """Random spans over pages with headers, hyphens and columns: all of them exactly."""
    from pypdfium2 import PdfDocument

    from rag.serve.pictures import page_characters

    rng = random.Random(seed)
    words = ["amber", "basil", "co-op", "delta", "ne\u0301e", "river", "stone", "office", "9.5"]

    def line(hyphen: bool) -> str:
        text = " ".join(rng.choice(words).replace("\u0301", "") for _ in range(8))
        return f"{text} hyphen-" if hyphen else text

    pages = [
        [(72.0, 760.0, f"Annual Report {number}")]
        + [(72.0, 700.0 - 14 * at, line(at % 5 == 2)) for at in range(30)]
        for number in range(1, 7)
    ]
    data = pdf(pages)
    document = load_bytes(data, "a.pdf").documents[0]
    assert "Annual Report" not in document.text
    starts = [*document.pages, len(document.text)]
    opened = PdfDocument(data)
    for number in range(6):
        text = document.text[starts[number] : starts[number + 1]]
        page = opened[number]
        text_page = page.get_textpage()
        characters = page_characters(text_page)
        aligned = align(text, starts[number], characters)
        assert aligned.exact
        for offset, place in aligned.places.items():
            assert fold(document.text[offset]) == fold(characters[place])
        text_page.close()
        page.close()
    opened.close()
