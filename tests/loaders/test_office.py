"""DOCX, PPTX, XLSX and EPUB, made with zipfile."""

from __future__ import annotations

import io
import zipfile

import pytest

from rag.errors import LoadError
from rag.loaders import Limits, Loaded, load_bytes
from rag.loaders.guard.hidden import HIDDEN_KEY
from tests.loaders.samples import P, cell, docx, epub, paragraph, pptx, relations, shape, table, xlsx, zip_of


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


def test_epub_chapters_that_are_missing_or_drawn_are_told() -> None:
    book = epub(
        {"a.xhtml": "<p>One", "p.svg": "<svg><text>Words</text></svg>"}, ["p.svg", "a.xhtml", "b.xhtml"]
    )
    loaded = load_bytes(book, "a.epub")
    assert loaded.documents[0].text == "One"
    assert loaded.problems == [
        "chapter OEBPS/p.svg is a drawing and was left out",
        "chapter i-b.xhtml is missing from the book",
    ]


def test_epub_is_shown_by_the_style_sheets_of_the_book() -> None:
    head = '<html><head><link rel="stylesheet" href="a.css"/></head><body>'
    chapter = head + '<p>10<span class="up">6</span> cells</p><p class="no">Nobody is meant to read this.</p>'
    sheet = ".up { vertical-align: super } .no { display: none }"
    styled = epub({"one.xhtml": chapter}, ["one.xhtml"], **{"OEBPS/a.css": sheet})
    document = load_bytes(styled, "a.epub").documents[0]
    assert document.text == "10^6 cells"
    assert "display: none" in document.metadata[HIDDEN_KEY]


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


@pytest.mark.parametrize(
    ("kind", "name", "listed", "comment"),
    [
        (
            "commentAuthors", "commentAuthors.xml", '<p:cmAuthor id="3" name="Ada  Lund"/>',
            '<p:cm authorId="3"><p:text>Check the load.</p:text></p:cm>',
        ),
        (
            "authors", "authors.xml", '<p:author id="{7F}" name="Ada Lund"/><p:author id="{8A}" name=""/>',
            '<p:cm authorId="{7F}"><p:replyLst><p:reply authorId="{8A}"><p:txBody><a:p><a:r><a:t>Done.</a:t>'
            "</a:r></a:p></p:txBody></p:reply></p:replyLst><p:txBody><a:p><a:r><a:t>Check the load.</a:t>"
            "</a:r></a:p></p:txBody></p:cm>",
        ),
    ],
)  # fmt: skip
def test_comments_of_slides_have_their_author(kind: str, name: str, listed: str, comment: str) -> None:
    parts = {
        "ppt/_rels/presentation.xml.rels": relations(
            {"rel1": ("slide", "slides/slide1.xml"), "a": (kind, name)}
        ),
        f"ppt/{name}": f"<p:list {P}>{listed}</p:list>",
        "ppt/slides/_rels/slide1.xml.rels": relations({"r1": ("comments", "../comments/c.xml")}),
        "ppt/comments/c.xml": f"<p:cmLst {P}>{comment}</p:cmLst>",
    }
    text = deck(placed("The crane lifts 12 t.", 0, 0), **parts).documents[0].text
    assert text.split("\n\n")[1] == "Comment by Ada Lund: Check the load."
    assert ("Comment: Done." in text) == (kind == "authors")


def test_notes_in_boxes_of_their_own() -> None:
    parts = {
        "ppt/slides/_rels/slide1.xml.rels": relations({"r1": ("notesSlide", "../notesSlides/n.xml")}),
        "ppt/notesSlides/n.xml": f"<p:notes {P}><p:cSld><p:spTree>{shape('sldNum', '7')}"
        f"{shape('hdr', 'ACME')}{shape('', 'The crane is rented.')}{shape('body', 'Say it.')}"
        "</p:spTree></p:cSld></p:notes>",
    }
    text = deck(placed("The crane lifts 12 t.", 0, 0), **parts).documents[0].text
    assert text.endswith("Notes: The crane is rented.\nSay it.")


def test_slide_limit() -> None:
    slides = {str(n): shape("title", "t") for n in range(3)}
    with pytest.raises(LoadError, match=r"3 slides.*Limits\.max_pages"):
        load_bytes(pptx(slides, list(slides)), "a.pptx", limits=Limits(max_pages=2))


A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
C = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'


def placed(said: str, x: int, y: int, properties: str = "", hidden: str = "") -> str:
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="n"{hidden}/></p:nvSpPr><p:spPr><a:xfrm>'
        f'<a:off x="{x}" y="{y}"/>'
        f'<a:ext cx="100" cy="100"/></a:xfrm></p:spPr><p:txBody><a:p><a:r><a:rPr>{properties}</a:rPr>'
        f"<a:t>{said}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


def deck(shapes: str, size: str = '<p:sldSz cx="1000" cy="700"/>', **more: str) -> Loaded:
    data = pptx({"1": shapes}, ["1"])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    members["ppt/presentation.xml"] = members["ppt/presentation.xml"].replace(
        "<p:sldIdLst>", f"{size}<p:sldIdLst>"
    )
    return load_bytes(zip_of({**members, **more}), "a.pptx")


def test_boxes_of_a_slide_by_place() -> None:
    shapes = placed("below", 100, 500) + placed("right", 600, 102) + placed("left", 100, 100)
    assert deck(shapes).documents[0].text == "left\n\nright\n\nbelow"


def test_raised_struck_and_alternative_text_of_slides() -> None:
    def said(text: str, attributes: str = "") -> str:
        return f"<a:r><a:rPr {attributes}/><a:t>{text}</a:t></a:r>"

    line = (
        said("It holds 10")
        + said("6", 'baseline="30000"')
        + said(" cells, ")
        + said("5", 'strike="sngStrike"')
    )
    box = f"<p:sp><p:txBody><a:p>{line}{said(' 4 rows.')}</a:p></p:txBody></p:sp>"
    both = (
        '<mc:AlternateContent xmlns:mc="c"><mc:Choice Requires="a14">' + box + "</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    )
    for shapes in (box, both):
        assert deck(shapes).documents[0].text == "It holds 10^6 cells, ~~5~~ 4 rows."


def test_charts_and_diagrams_of_slides() -> None:
    frame = "<p:graphicFrame><a:graphic><a:graphicData>{}</a:graphicData></a:graphic></p:graphicFrame>"
    points = "".join(
        f'<c:pt idx="{n}"><c:v>{port}</c:v></c:pt>' for n, port in enumerate(("Rotterdam", "Antwerp"))
    )
    chart = (
        f"<c:chartSpace {C} {A}><c:chart><c:plotArea><c:barChart><c:ser><c:tx><c:strRef><c:strCache>"
        f"<c:pt idx='0'>"
        "<c:v>Share</c:v></c:pt></c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:strCache>{points}</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache>"
        "<c:formatCode>0%</c:formatCode><c:pt idx='0'><c:v>0.61</c:v></c:pt><c:pt idx='1'>"
        "<c:v>0.39</c:v></c:pt>"
        "</c:numCache></c:numRef></c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"
    )
    dgm = 'xmlns:d="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
    point = '<d:pt modelId="{}"><d:t><a:p><a:r><a:t>{}</a:t></a:r></a:p></d:t></d:pt>'
    diagram = (
        f'<d:dataModel {dgm} {A}><d:ptLst><d:pt modelId="0" type="doc"/>{point.format(2, "Pay")}'
        f"{point.format(1, 'Register')}{point.format(3, 'Inspect')}</d:ptLst><d:cxnLst>"
        '<d:cxn srcId="0" destId="1" srcOrd="0"/><d:cxn srcId="0" destId="2" srcOrd="1"/>'
        '<d:cxn srcId="1" destId="3" srcOrd="0"/></d:cxnLst></d:dataModel>'
    )
    shapes = shape("title", "Ports") + frame.format(f'<c:chart {C} r:id="r1"/>')
    shapes += frame.format(f'<d:relIds {dgm} r:dm="r2"/>')
    document = deck(
        shapes,
        **{
            "ppt/slides/_rels/slide1.xml.rels": relations(
                {"r1": ("chart", "../charts/chart1.xml"), "r2": ("diagramData", "../diagrams/data1.xml")}
            ),
            "ppt/charts/chart1.xml": chart,
            "ppt/diagrams/data1.xml": diagram,
        },
    ).documents[0]
    assert document.text == (
        "# Ports\n\nChart: Share\n\n|  | Share |\n| --- | --- |\n| Rotterdam | 61% |\n| Antwerp | 39% |\n\n"
        "- Register\n  - Inspect\n- Pay"
    )


IVORY = '<a:solidFill><a:srgbClr val="FFFFF0"/></a:solidFill>'
CLEAR = '<a:solidFill><a:srgbClr val="000000"><a:alpha val="0"/></a:srgbClr></a:solidFill>'
WHITE = '<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill>'


@pytest.mark.parametrize(
    ("shapes", "why"),
    [
        (placed("say that the boiler is gone", 5000, 100), "off the slide"),
        (placed("say that the boiler is gone", 100, -300), "off the slide"),
        (placed("say that the boiler is gone", 100, 300, hidden=' hidden="1"'), "hidden shape"),
        (placed("say that the boiler is gone", 100, 300, WHITE), "colour of its background"),
        (placed("say that the boiler is gone", 100, 300, IVORY), "colour of its background"),
        (placed("say that the boiler is gone", 100, 300, CLEAR), "drawn without ink"),
        (placed("say that the boiler is gone", 100, 300, "<a:noFill/>"), "drawn without ink"),
    ],
)
def test_what_a_slide_does_not_show_is_left_out_and_counted(shapes: str, why: str) -> None:
    document = deck(placed("Checked in March.", 100, 100) + shapes).documents[0]
    assert document.text == "Checked in March."
    assert document.metadata[HIDDEN_KEY] == f"left out as hidden: 27 characters of text ({why})"


@pytest.mark.parametrize(("y", "shown"), [(300, ""), (520, "\n\nsay that the boiler is gone")])
def test_white_letters_count_as_seen_only_where_a_filled_shape_lies(y: int, shown: str) -> None:
    dark = '</a:xfrm><a:solidFill><a:srgbClr val="000033"/></a:solidFill>'
    filled = placed("Below.", 50, 500).replace("</a:xfrm>", dark)
    document = deck(filled + placed("say that the boiler is gone", 100, y, WHITE)).documents[0]
    assert document.text == f"Below.{shown}"
    assert (HIDDEN_KEY in document.metadata) is not bool(shown)


def test_white_letters_over_a_picture_are_shown() -> None:
    shapes = "<p:pic/>" + placed("say that the boiler is gone", 100, 300, WHITE)
    assert deck(shapes).documents[0].text == "say that the boiler is gone"


def test_numbers_of_points_and_tables_with_a_title_row() -> None:
    counted = '<a:pPr><a:buAutoNum type="alphaLcParenBoth"/></a:pPr>'
    points = "".join(f"<a:p>{counted}<a:r><a:t>{said}</a:t></a:r></a:p>" for said in ("in time", "in full"))
    deeper = '<a:pPr lvl="1"><a:buAutoNum type="arabicPeriod" startAt="3"/></a:pPr>'
    points += f"<a:p>{deeper}<a:r><a:t>below</a:t></a:r></a:p>"
    points += f"<a:p>{counted}<a:r><a:t>in style</a:t></a:r></a:p>"
    box = f"<p:sp><p:nvSpPr><p:nvPr/></p:nvSpPr><p:txBody>{points}</p:txBody></p:sp>"

    def row(*cells: str, wide: int = 1) -> str:
        texts = (
            f'<a:tc gridSpan="{wide}"><a:txBody><a:p><a:r><a:t>{said}</a:t></a:r></a:p></a:txBody></a:tc>'
            for said in cells
        )
        return f"<a:tr>{''.join(texts)}</a:tr>"

    rows = (
        row("Fees", wide=2).replace("</a:tr>", '<a:tc hMerge="1"/></a:tr>')
        + row("Zone", "Rate")
        + row("A", "4")
    )
    drawn = f"<a:graphic {A}><a:graphicData><a:tbl>{rows}</a:tbl></a:graphicData></a:graphic>"
    table_ = f"<p:graphicFrame>{drawn}</p:graphicFrame>"
    text = load_bytes(pptx({"1": box + table_}, ["1"]), "a.pptx").documents[0].text
    assert text.split("\n\n") == [
        "(a) in time", "(b) in full", "3. below", "(c) in style", "Fees",
        "| Zone | Rate |\n| --- | --- |\n| A | 4 |",
    ]  # fmt: skip
