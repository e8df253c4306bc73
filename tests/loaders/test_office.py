"""DOCX, PPTX, XLSX and EPUB, made with zipfile."""

from __future__ import annotations

import pytest

from rag.errors import LoadError
from rag.loaders import Limits, load_bytes
from tests.loaders.samples import cell, docx, epub, paragraph, pptx, shape, table, xlsx


def test_docx_headings_tables_and_properties() -> None:
    body = paragraph("Guide", "H1") + paragraph("Press &amp; hold.") + table([["Key", "Use"], ["A", "one"]])
    document = load_bytes(docx(body, title="The Guide"), "a.docx").documents[0]
    assert document.text == "# Guide\n\nPress & hold.\n\n| Key | Use |\n| --- | --- |\n| A | one |"
    assert (document.title, document.media_type) == ("The Guide", "text/markdown")
    assert document.metadata == {"author": "Ada", "created": "2024-03-15T05:45:00Z"}
    assert load_bytes(docx(body), "a.docx").documents[0].title == "Guide"


def test_docx_check_marks_of_a_symbol_font() -> None:
    document = load_bytes(
        docx(table([["Q", "Yes"], ["one", "\uf0fc"], ["two", "\uf077"]])), "a.docx"
    ).documents[0]
    assert document.text.endswith("| one | ✓ |\n| two | ◆ |")


def test_pptx_slides_are_pages_in_the_order_shown() -> None:
    slides = {
        "1": shape("title", "Second shown") + shape("body", "point", "\tdeeper") + shape("sldNum", "2"),
        "2": shape("ctrTitle", "First shown")
        + shape("", "a text box")
        + "<p:graphicFrame><a:tbl><a:tr><a:tc><a:p><a:r><a:t>k</a:t></a:r></a:p></a:tc>"
        "<a:tc><a:p><a:r><a:t>v</a:t></a:r></a:p></a:tc></a:tr></a:tbl></p:graphicFrame>",
        "3": shape("title", "Secret"),
    }
    loaded = load_bytes(pptx(slides, ["2", "1", "3"], notes={"1": "say it slowly"}, hidden="3"), "a.pptx")
    document = loaded.documents[0]
    first = "# First shown\n\na text box\n\n| k | v |\n| --- | --- |"
    second = "# Second shown\n\n- point\n  - deeper\n\nNotes: say it slowly"
    assert document.text == f"{first}\n\n{second}"
    assert document.pages == (0, len(first) + 2, len(document.text))
    assert document.title == "First shown"  # the one in the properties is PowerPoint's own
    assert loaded.problems == ["slide 3 is hidden and was left out"]


def test_xlsx_sheets_are_pages() -> None:
    prices = (
        f'<row r="1">{cell("A1", "Item")}{cell("B1", "Price")}</row>'
        f'<row r="2">{cell("A2", "Tea|mint")}{cell("B2", 3)}</row>'
    )
    loaded = load_bytes(
        xlsx(
            {"Prices": prices, "Empty": "", "Notes": f'<row r="3">{cell("A3", 0.5)}</row>', "Old": prices},
            "Old",
        ),
        "a.xlsx",
    )
    document = loaded.documents[0]
    first = "# Prices\n\n| Item | Price |\n| --- | --- |\n| Tea\\|mint | 3 |"
    assert document.text == f"{first}\n\n# Notes\n\n| 0.5 |\n| --- |"
    assert document.pages == (0, len(first) + 2)
    assert loaded.problems == ["sheet 'Old' is hidden and was left out"]


def test_a_sheet_with_one_cell_far_out_is_refused_before_it_fills_the_memory() -> None:
    rows = f'<row r="1">{cell("A1", 1)}</row><row r="1048576">{cell("XFD1048576", 1)}</row>'
    with pytest.raises(LoadError, match=r"17,179,869,184 cells .*Limits\.max_cells"):
        load_bytes(xlsx({"Far": rows}), "a.xlsx")


CHAPTERS = {
    "one.xhtml": "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head><title/></head>"
    "<body><h1>One</h1><p><a id='x'/>Once.</p></body></html>",
    "two.xhtml": "<html><body><h1>Two</h1><p>Twice.</p></body></html>",
}


def test_epub_chapters_are_pages_in_the_order_of_the_spine() -> None:
    loaded = load_bytes(epub(CHAPTERS, ["two.xhtml", "one.xhtml"]), "a.epub")
    document = loaded.documents[0]
    assert document.text == "# Two\n\nTwice.\n\n# One\n\nOnce."
    assert document.pages == (0, 15)
    assert (document.title, document.metadata) == ("Two Tales", {"author": "Ada", "language": "en"})


def test_epub_under_drm_is_refused_and_scrambled_fonts_are_not() -> None:
    method = '<encryption><EncryptedData><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'
    part = "META-INF/encryption.xml"
    locked = epub(
        CHAPTERS, ["one.xhtml"], **{part: method.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}
    )
    with pytest.raises(LoadError, match="encrypted by DRM"):
        load_bytes(locked, "a.epub")
    fonts = epub(CHAPTERS, ["one.xhtml"], **{part: method.format("http://www.idpf.org/2008/embedding")})
    assert load_bytes(fonts, "a.epub").documents[0].text == "# One\n\nOnce."


def test_content_decides_where_the_name_says_nothing() -> None:
    assert load_bytes(docx(paragraph("Hi")), "download").documents[0].text == "Hi"
    assert load_bytes(epub(CHAPTERS, ["one.xhtml"]), "download").documents[0].title == "Two Tales"


def test_slide_limit() -> None:
    slides = {str(n): shape("title", "t") for n in range(3)}
    with pytest.raises(LoadError, match=r"3 slides.*Limits\.max_pages"):
        load_bytes(pptx(slides, list(slides)), "a.pptx", limits=Limits(max_pages=2))
