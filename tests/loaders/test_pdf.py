"""PDF: hand-written files of a few lines, whose text and places are known."""

from __future__ import annotations

import pytest

from rag.errors import LoadError
from rag.loaders import Limits, load_bytes
from rag.loaders.pdf.furniture import without_furniture
from rag.loaders.pdf.lines import Line, clean
from rag.loaders.pdf.reflow import reflow
from tests.loaders.samples import Text, pdf


def column(*lines: str, top: float = 700, left: float = 72) -> list[Text]:
    """Lines 14 points apart; an empty one leaves a gap."""
    return [(left, top - 14 * place, text) for place, text in enumerate(lines) if text]


def test_lines_become_paragraphs() -> None:
    page = column(
        "The first line of a paragraph that fills the width of it",
        "goes on in the second line, up to a word which is hyphen-",
        "ated, and ends.",
        "",
        "Another paragraph.",
    )
    document = load_bytes(pdf([page]), "a.pdf").documents[0]
    assert document.text == (
        "The first line of a paragraph that fills the width of it goes on in the second line, up to a word "
        "which is hyphenated, and ends.\n\nAnother paragraph."
    )
    assert (document.pages, document.media_type) == ((0,), "text/plain")


def test_pages_begin_where_their_text_does_even_within_a_word() -> None:
    first = column("This page ends in the middle of a sen-")
    second = column("tence that goes on here.")
    document = load_bytes(pdf([first, second, column("Third.")]), "a.pdf").documents[0]
    assert document.text == "This page ends in the middle of a sentence that goes on here.\n\nThird."
    assert [document.text[start:][:6] for start in document.pages] == ["This p", "tence ", "Third."]


def test_empty_pages_count() -> None:
    document = load_bytes(pdf([[], column("Second."), []]), "a.pdf").documents[0]
    assert (document.text, document.pages) == ("Second.", (0, 0, 7))


def test_running_headers_and_page_numbers_are_dropped() -> None:
    pages = [
        [(72, 760, f"Annual report {2000 + n}"), *column(f"Body number {n} says so."), (300, 30, f"{n}")]
        for n in range(1, 7)
    ]
    text = load_bytes(pdf(pages), "a.pdf").documents[0].text
    assert text == "\n\n".join(f"Body number {n} says so." for n in range(1, 7))


def test_metadata_and_title() -> None:
    info = "/Title (On Foxes) /Author (Ada) /CreationDate (D:20210618045331+08'00')"
    document = load_bytes(pdf([column("x")], info), "a.pdf").documents[0]
    assert document.title == "On Foxes"
    assert document.metadata == {"author": "Ada", "created": "2021-06-18T04:53:31"}
    assert load_bytes(pdf([column("x")], "/Title (Microsoft Word - a.doc)"), "a.pdf").documents[0].title == ""


def test_scanned_pages() -> None:
    with pytest.raises(LoadError, match=r"no text layer: 2 pages hold images only; .*OCR"):
        load_bytes(pdf([[], []], image_pages=(0, 1)), "a.pdf")
    loaded = load_bytes(pdf([column("Text."), []], image_pages=(1,)), "a.pdf")
    assert loaded.documents[0].text == "Text."
    (problem,) = loaded.problems
    assert problem.startswith("page 2: images only")
    with pytest.raises(LoadError, match=r"no text on its page"):
        load_bytes(pdf([[]]), "a.pdf")


def test_encrypted() -> None:
    lock = (
        f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{'41' * 32}> /U <{'42' * 32}> /P -4 >> /ID [<00> <00>]"
    )
    with pytest.raises(LoadError, match="encrypted: it opens with a password only"):
        load_bytes(pdf([column("x")], trailer=lock), "a.pdf")


@pytest.mark.parametrize("data", [b"%PDF-1.4\n", b"%PDF-1.4\n" + b"garbage " * 50])
def test_broken(data: bytes) -> None:
    with pytest.raises(LoadError, match="a broken or cut off PDF"):
        load_bytes(data, "a.pdf")


def test_not_a_pdf() -> None:
    with pytest.raises(LoadError, match=r"not a \.pdf file: its content looks like \.html"):
        load_bytes(b"<!doctype html><p>Hi", "a.pdf")


def test_page_limit() -> None:
    with pytest.raises(LoadError, match=r"3 pages, at most 2 .*Limits\.max_pages"):
        load_bytes(pdf([[], [], []]), "a.pdf", limits=Limits(max_pages=2))


def test_ligatures_and_pairs() -> None:
    assert clean([ord("e"), 0xFB03, ord("x"), 0xB2]) == "effix²"
    assert clean([0xD83D, 0xDE00]) == "\U0001f600"
    assert clean([0xD83D, ord("a"), 0x200B, ord("b")]) == "ab"


def test_hyphens_are_kept_where_the_text_writes_them_elsewhere() -> None:
    def lines(*texts: str) -> list[Line]:
        return [
            Line(text, 72, 72 + 6 * len(text), 700 - 14 * n, 712 - 14 * n, text.endswith("-"))
            for n, text in enumerate(texts)
        ]

    assert reflow([lines("a state of the well-known kind, and a well-", "known one")]).text.endswith(
        "a well-known one"
    )
    assert reflow([lines("a tele-", "phone")]).text == "a telephone"
    assert reflow([lines("the Franco-", "German border")]).text == "the Franco-German border"


def test_furniture_stands_at_one_height() -> None:
    def page(n: int, height: float) -> list[Line]:
        return [Line("Header", 72, 120, height, height + 12)] + [
            Line(f"body {'abcdef'[n]} {m}", 72, 200, 600 - 14 * m, 612 - 14 * m) for m in range(5)
        ]

    for count in (2, 3, 4):
        assert all(len(each) == 5 for each in without_furniture([page(n, 760) for n in range(count)]))
    assert without_furniture([page(0, 760)]) == [page(0, 760)]
    close = [page(n, 614) for n in range(3)]
    assert without_furniture(close) == close  # on few pages it has to stand apart from the text
    wandering = [page(n, 760 - 20 * n) for n in range(6)]
    assert without_furniture(wandering) == wandering
