"""What lies beside the text of Office files: pictures, embedded objects, controls, alternative contents."""

from __future__ import annotations

import io
import zipfile

import pytest

from rag.loaders import load_bytes
from rag.loaders.guard.hidden import HIDDEN_KEY
from tests.loaders.samples import docx, grid, ods, paragraph, pptx, relations, shape, xlsx, zip_of

SAID = "The gate valve is shut by two turns."
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
DRAWING = 'xmlns:xdr="x" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="r"'


def text(data: bytes, name: str) -> str:
    return load_bytes(data, name).documents[0].text


def picture(descr: str, title: str = "") -> str:
    """A picture on a line of a Word text, as Word and as LibreOffice write it."""
    return (
        f'<w:p><w:r><w:drawing><wp:inline xmlns:wp="wp"><wp:docPr id="1" name="Picture 1" descr="{descr}" '
        f'title="{title}"/><a:graphic xmlns:a="a"><a:graphicData><pic:pic xmlns:pic="p"><pic:nvPicPr>'
        f'<pic:cNvPr id="1" name="" descr="{descr}"/></pic:nvPicPr></pic:pic></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing></w:r></w:p>"
    )


@pytest.mark.parametrize(
    ("descr", "title", "shown"),
    [
        (SAID, "", f"Picture: {SAID}"),
        ("", SAID, f"Picture: {SAID}"),
        (
            "A plan of the mill&#10;&#10;Description automatically generated",
            "",
            "Picture: A plan of the mill",
        ),
        ("image1.png", "", ""),
        ("C:\\pictures\\mill.jpeg", "", ""),
        ("Image 3", "", ""),
        ("", "", ""),
    ],
)
def test_pictures_of_word_are_read_by_their_description(descr: str, title: str, shown: str) -> None:
    made = docx(paragraph("Valves") + picture(descr, title))
    assert text(made, "a.docx").split("\n\n")[1:] == ([shown] if shown else [])


def test_pictures_of_older_word_files_and_writing_in_an_arch() -> None:
    body = (
        f'<w:p><w:r><w:t>Plan</w:t></w:r><w:r><w:pict><v:shape xmlns:v="v" alt="{SAID}"><v:imagedata/>'
        '</v:shape></w:pict></w:r><w:r><w:pict><v:shape xmlns:v="v"><v:textpath string="DRAFT 3"/></v:shape>'
        "</w:pict></w:r></w:p>"
    )
    assert text(docx(body), "a.docx").split("\n\n") == ["Plan", f"Picture: {SAID}", "Text box: DRAFT 3"]


def test_pictures_of_slides_and_sheets() -> None:
    drawn = (
        '<{0}:pic xmlns:{0}="n"><{0}:nvPicPr><{0}:cNvPr id="7" name="P" descr="{1}"/></{0}:nvPicPr></{0}:pic>'
    )
    slide = pptx({"1": shape("title", "Valves") + drawn.format("p", SAID)}, ["1"])
    assert text(slide, "a.pptx") == f"# Valves\n\nPicture: {SAID}"
    sheet = xlsx(
        {"S": grid([["A", "B"], [1, 2]])},
        **{
            "xl/worksheets/_rels/sheet1.xml.rels": relations({"r1": ("drawing", "../drawings/d.xml")}),
            "xl/drawings/d.xml": f"<xdr:wsDr {DRAWING}>{drawn.format('xdr', SAID)}</xdr:wsDr>",
        },
    )
    assert text(sheet, "a.xlsx").endswith(f"| 1 | 2 |\n\nPicture: {SAID}")
    image = f'<draw:frame><draw:image/><svg:desc xmlns:svg="svg">{SAID}</svg:desc></draw:frame>'
    table = (
        f'<table:table table:name="T"><table:shapes>{image}</table:shapes><table:table-row><table:table-cell>'
        "<text:p>a</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert text(ods(table), "a.ods").endswith(f"\n\nPicture: {SAID}")


def test_embedded_objects_are_told() -> None:
    ole = '<w:p><w:r><w:object><o:OLEObject xmlns:o="o" ProgID="{}"/></w:object></w:r></w:p>' + paragraph(
        "So"
    )
    control = '<w:p><w:r><w:object><w:control w:name="CheckBox1"/></w:object></w:r></w:p>'
    made = docx(ole.format("Equation.3") * 2 + ole.format("Excel.Sheet.12") + control)
    assert load_bytes(made, "a.docx").problems == [
        f"{what} left out; save what it shows as text or as a file"
        for what in (
            "2 embedded objects (Equation.3)",
            "1 embedded object (Excel.Sheet.12)",
            "1 embedded object (ActiveX control)",
        )
    ]
    both = "".join(
        f'<mc:{option}><p:oleObj progId="Excel.Sheet.12"/></mc:{option}>' for option in ("Choice", "Fallback")
    )
    frame = (
        f"<p:graphicFrame><a:graphic><a:graphicData><mc:AlternateContent {MC}>{both}</mc:AlternateContent>"
        "</a:graphicData></a:graphic></p:graphicFrame>"
    )
    (problem,) = load_bytes(pptx({"1": shape("title", "T") + frame}, ["1"]), "a.pptx").problems
    assert problem.startswith("slide 1: 1 embedded object (Excel.Sheet.12) left out")
    object_ = '<oleObject progId="Word.Document.12" shapeId="1025" r:id="r9"/>'
    sheet = f"<sheetData>{grid([['A', 'B'], [1, 2]])}</sheetData><oleObjects>{object_ * 2}</oleObjects>"
    (problem,) = load_bytes(xlsx({"S": sheet}), "a.xlsx").problems
    assert problem.startswith("sheet 'S': 1 embedded object (Word.Document.12) left out")


def test_check_boxes_that_lie_on_a_sheet_and_shapes_that_are_hidden() -> None:
    def sp(identity: int, said: str, more: str = "") -> str:
        return (
            f'<xdr:sp><xdr:nvSpPr><xdr:cNvPr id="{identity}" name="n"{more}/></xdr:nvSpPr><xdr:txBody>'
            f"<a:p><a:r><a:t>{said}</a:t></a:r></a:p></xdr:txBody></xdr:sp>"
        )

    choices = "".join(
        f'<mc:AlternateContent {MC}><mc:Choice Requires="a14">{sp(number, said, hidden)}</mc:Choice>'
        "<mc:Fallback/></mc:AlternateContent>"
        for number, said, hidden in (
            (1025, "Gas shut off", ' hidden="1"'),
            (1026, "Mains dry", ' hidden="1"'),
        )
    )
    unseen = sp(9, SAID, ' hidden="1"')
    controls = "".join(f'<control shapeId="{n}" r:id="c{n}" name="Box"/>' for n in (1025, 1026))
    sheet = (
        f"<sheetData>{grid([['Check', 'Who'], ['Gas', 'Ada']])}</sheetData><controls>{controls}</controls>"
    )
    made = xlsx(
        {"S": sheet},
        **{
            "xl/worksheets/_rels/sheet1.xml.rels": relations(
                {
                    "r1": ("drawing", "../drawings/d.xml"),
                    "c1025": ("ctrlProp", "../ctrlProps/c1.xml"),
                    "c1026": ("ctrlProp", "../ctrlProps/c2.xml"),
                }
            ),
            "xl/ctrlProps/c1.xml": '<formControlPr objectType="CheckBox" checked="Checked"/>',
            "xl/ctrlProps/c2.xml": '<formControlPr objectType="CheckBox"/>',
            "xl/drawings/d.xml": f"<xdr:wsDr {DRAWING}>{choices}{unseen}</xdr:wsDr>",
        },
    )
    document = load_bytes(made, "a.xlsx").documents[0]
    assert document.text.split("\n\n")[2:] == ["☒ Gas shut off", "☐ Mains dry"]
    assert f"{len(SAID)} characters of text (hidden shape)" in str(document.metadata[HIDDEN_KEY])


def test_of_alternative_contents_one_is_read() -> None:
    def both(first: str, other: str) -> str:
        return (
            f"<mc:AlternateContent {MC}><mc:Choice>{first}</mc:Choice><mc:Fallback>{other}</mc:Fallback>"
            "</mc:AlternateContent>"
        )

    sp = "<xdr:sp><xdr:nvSpPr/><xdr:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></xdr:txBody></xdr:sp>"
    chart = (
        '<cx:chartSpace xmlns:cx="cx" xmlns:a="a"><cx:chart><cx:title><cx:tx><cx:txData><cx:v>Leaks</cx:v>'
        "</cx:txData></cx:tx></cx:title></cx:chart></cx:chartSpace>"
    )
    frame = '<xdr:graphicFrame><cx:chart xmlns:cx="cx" r:id="c1"/></xdr:graphicFrame>'
    made = xlsx(
        {"S": grid([["A", "B"], [1, 2]])},
        **{
            "xl/worksheets/_rels/sheet1.xml.rels": relations({"r1": ("drawing", "../drawings/d.xml")}),
            "xl/drawings/d.xml": f"<xdr:wsDr {DRAWING}>"
            + both(sp.format("Replace V-1."), sp.format("Replace V-1."))
            + both(frame, sp.format("This chart isn't available in your version of Excel."))
            + "</xdr:wsDr>",
            "xl/drawings/_rels/d.xml.rels": relations({"c1": ("chartEx", "../charts/c.xml")}),
            "xl/charts/c.xml": chart,
        },
    )
    assert text(made, "a.xlsx").split("\n\n")[2:] == ["Text box: Replace V-1.", "Chart: Leaks"]
    slide = both(shape("", "Shut V-2."), shape("", "Shut V-2."))
    assert text(pptx({"1": slide}, ["1"]), "a.pptx") == "Shut V-2."


def test_a_sheet_that_is_a_chart_and_one_of_macros() -> None:
    title = "<c:title><c:tx><a:p><a:r><a:t>Leaks by year</a:t></a:r></a:p></c:tx></c:title>"
    chart = f'<c:chartSpace xmlns:c="c" xmlns:a="a"><c:chart>{title}</c:chart></c:chartSpace>'
    book = xlsx({"Data": grid([["A", "B"], [1, 2]])})
    targets = {
        "r1": ("worksheet", "worksheets/sheet1.xml"),
        "r2": ("chartsheet", "chartsheets/sheet1.xml"),
        "r3": ("xlMacrosheet", "macrosheets/sheet1.xml"),
    }
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        members: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>'
        for n, name in enumerate(("Data", "Plot", "Mac"), 1)
    )
    main = (
        'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    )
    members |= {
        "xl/workbook.xml": f"<workbook {main}><sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(targets),
        "xl/chartsheets/sheet1.xml": f"<chartsheet {main}><drawing r:id='r1'/></chartsheet>",
        "xl/chartsheets/_rels/sheet1.xml.rels": relations({"r1": ("drawing", "../drawings/d.xml")}),
        "xl/drawings/d.xml": f'<xdr:wsDr {DRAWING}><c:chart xmlns:c="c" r:id="c1"/></xdr:wsDr>',
        "xl/drawings/_rels/d.xml.rels": relations({"c1": ("chart", "../charts/c.xml")}),
        "xl/charts/c.xml": chart,
        "xl/macrosheets/sheet1.xml": f"<xm:macrosheet xmlns:xm='m' {main}><sheetData/></xm:macrosheet>",
    }
    read = load_bytes(zip_of(members), "a.xlsm")
    assert read.documents[0].text.endswith("\n\n# Plot\n\nChart: Leaks by year")
    assert read.problems == ["sheet 'Mac': macros or a dialog, and was left out"]


def test_charts_of_ods_by_their_titles_and_shapes_in_groups() -> None:
    p = "<text:p>{}</text:p>"
    chart = (
        '<office:document-content xmlns:office="o" xmlns:chart="c" xmlns:text="t"><office:body><office:chart>'
        f'<chart:chart chart:class="chart:bar"><chart:title>{p.format("Leaks")}</chart:title>'
        f"<chart:plot-area><chart:axis><chart:title>{p.format('Year')}</chart:title></chart:axis></chart:plot-area></chart:chart>"
        "</office:chart></office:body></office:document-content>"
    )
    frame = '<draw:frame><draw:object xlink:href="./Object 1" xmlns:xlink="x"/><draw:image/></draw:frame>'
    group = f"<draw:g><draw:rect>{p.format('Shut V-2.')}</draw:rect></draw:g>"
    table = (
        '<table:table table:name="T"><table:table-row><table:table-cell>'
        f"{p.format('a')}{frame}{group}</table:table-cell></table:table-row></table:table>"
    )
    read = text(ods(table, **{"Object 1/content.xml": chart}), "a.ods")
    assert read.split("\n\n")[2:] == ["Chart: Leaks (Year)", "Text box: Shut V-2."]


def test_a_title_that_nobody_sees_is_no_title() -> None:
    hidden = '<p:sp><p:nvSpPr><p:cNvPr id="2" name="T" hidden="1"/><p:nvPr><p:ph type="title"/></p:nvPr>'
    hidden += "</p:nvSpPr>"
    hidden += f"<p:txBody><a:p><a:r><a:t>{SAID}</a:t></a:r></a:p></p:txBody></p:sp>"
    document = load_bytes(pptx({"1": hidden + shape("", "Shown")}, ["1"]), "a.pptx").documents[0]
    assert (document.text, document.title) == ("Shown", "")
    assert "hidden shape" in str(document.metadata[HIDDEN_KEY])


def test_letters_of_a_slides_table_in_the_colour_of_their_cell() -> None:
    def tc(said: str, ink: str) -> str:
        run = f'<a:rPr><a:solidFill><a:srgbClr val="{ink}"/></a:solidFill></a:rPr>'
        fill = '<a:tcPr><a:solidFill><a:srgbClr val="112233"/></a:solidFill></a:tcPr>'
        return f"<a:tc><a:txBody><a:p><a:r>{run}<a:t>{said}</a:t></a:r></a:p></a:txBody>{fill}</a:tc>"

    head = tc("Valve", "FFFFFF") + tc("State", "FFFFFF")
    rows = f"<a:tr>{head}</a:tr><a:tr>{tc('V-1', 'FFFFFF')}{tc(SAID, '112233')}</a:tr>"
    frame = f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{rows}</a:tbl></a:graphicData></a:graphic>"
    frame += "</p:graphicFrame>"
    document = load_bytes(pptx({"1": frame}, ["1"]), "a.pptx").documents[0]
    assert document.text == "| Valve | State |\n| --- | --- |\n| V-1 |  |"
    assert "colour of its background" in str(document.metadata[HIDDEN_KEY])
