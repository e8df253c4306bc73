"""Sheets as a person sees them: number formats, merged cells, titles, notes; what is missing is told."""

from __future__ import annotations

import datetime
import struct

import pytest

from rag.errors import LoadError
from rag.loaders import load_bytes
from rag.loaders.guard.hidden import HIDDEN_KEY
from rag.loaders.number_formats import from_serial, shown, stored
from rag.loaders.sheets.layout import sheet_markdown
from tests.loaders.samples import biff4, cell, grid, ods, relations, xlsb, xlsx, zip_of

DAY = datetime.datetime(2024, 3, 5)


def text(data: bytes, name: str = "a.xlsx") -> str:
    return load_bytes(data, name).documents[0].text


def test_values_as_they_are_stored() -> None:
    assert stored(3.0) == "3"
    assert stored(0.1 + 0.2) == "0.3"
    assert stored(1e-7) == "0.0000001"
    assert stored(True) == "TRUE"
    assert stored(DAY) == "2024-03-05"
    assert stored(DAY.replace(hour=9, minute=30)) == "2024-03-05 09:30:00"


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (0.075, "0.0%", "7.5%"),
        (0.004, "0%", "0% (0.004)"),  # a rounding that hides the value does not replace it
        (7.0, "00000", "00007"),
        (1234567.5, '#,##0.00 "€"', "1,234,567.50 €"),
        (1234.0, "[$€-407] #,##0.00", "€ 1,234.00"),
        (1234.0, '_-* #,##0.00\\ "€"_-;-* #,##0.00\\ "€"_-', "1,234.00 €"),
        (-5.0, "#,##0.00;[Red](#,##0.00)", "(5.00)"),
        (-5.0, "0.0", "-5.0"),
        (0.0, '0;-0;"none"', "none"),
        (3.0, "0.##", "3"),
        (2.5, '0.0 "kg"', "2.5 kg"),
        (5e6, '0.0,,"M"', "5.0M"),
        (1500.0, '[>=1000]#,##0.0,"k";0', "1.5k"),
        (12345.0, "0.00E+00", "1.23E+04"),
        (2025550123.0, "(000) 000-0000", "(202) 555-0123"),
        (0.5, "# ?/?", "1/2"),
        (-3.75, "# ??/??", "-3 3/4"),
        (3.75, '# ?/8" in"', "3 6/8 in"),
        (3.75, "?/?", "15/4"),
        (0.996, "# ?/?", "1"),
        (0.05, "# ?/?", "0 (0.05)"),
        (0.0, "0.00E+00", "0.00E+00"),  # the exponent of zero is zero
        (3.75, "0E+0", "4E+0 (3.75)"),
        (0.5, "##0.0E+0", "500.0E-3"),
        (1.2e-5, '0.0E-00" mol"', "1.2E-05 mol"),
        (99.996, "0.00E+00", "1.00E+02"),
        (-1234.5, "[$€-407] #,##0.00", "-€ 1,234.50"),
        (-5.0, '"No. "000', "-No. 005"),
        (-12345.0, "000-00-0000", "-000-01-2345"),
        (1234.5, "# ##0.00", "1 234.50"),
        (-0.25, "0;(0)", "(0) (-0.25)"),  # what is stored keeps its sign
        (-7.0, "0;@", "-7"),
        (0.0, "0;-0;;@", ""),
        (-5.0, "0;;0", ""),
        (0.0, "#,###", ""),
        (7.0, '"Note: "@', "7"),
        (-2.0, "[>=1000]0;0;@", "-2"),
        (5.0, '[<0]"low";[>9]"high";0', "5"),
        (5.0, '[<>5]0;"five"', "five"),
        (DAY, "d mmmm yyyy", "5 March 2024 (2024-03-05)"),
        (DAY, "dd/mm/yyyy", "2024-03-05"),  # digits alone leave open which is the month
        (DAY.replace(hour=14, minute=30), "m/d/yy h:mm", "2024-03-05 14:30"),
        (DAY, "[$-407]d. mmmm yyyy", "5. März 2024 (2024-03-05)"),
        (DAY, "[$-de-AT]ddd, d.m.", "Di, 5.3. (2024-03-05)"),
        (DAY, "[$-40C]dddd d mmm yy", "mardi 5 mars 24 (2024-03-05)"),
        (DAY, "[$-419]d mmmm", "2024-03-05"),  # a language whose names are not known here
        (DAY, "dddd, d mmmm yyyy", "Tuesday, 5 March 2024 (2024-03-05)"),
        (DAY, "ddd", "Tue (2024-03-05)"),
        (DAY.replace(hour=14, minute=30), "h:mm", "14:30 (2024-03-05 14:30)"),
        (datetime.timedelta(hours=26, minutes=30), "[h]:mm", "26:30"),
        (datetime.timedelta(minutes=90, seconds=5), "[mm]:ss", "90:05"),
        (datetime.timedelta(minutes=-90), '[h]" h "mm', "-1 h 30"),
        (datetime.timedelta(days=1), "[s]", "86400"),
        (datetime.timedelta(hours=26), "[h]", "26"),
        (datetime.time(0, 1, 2, 340000), "mm:ss.00", "00:01:02.34"),
        (datetime.time(9, 15), "h:mm", "09:15"),
        ("0012", "00000", "0012"),
        (True, "0.00", "TRUE"),
    ],
)
def test_values_as_their_format_shows_them(value: object, code: str, expected: str) -> None:
    assert shown(value, code) == expected


def test_serial_numbers() -> None:
    assert from_serial(45356.0, "dd.mm.yyyy") == DAY
    assert from_serial(43894.0, "yyyy", date1904=True) == DAY
    assert from_serial(1.0, "d.m.yy") == datetime.datetime(1900, 1, 1)
    assert from_serial(0.5, "h:mm") == datetime.time(12)
    assert from_serial(62.34 / 86_400, "mm:ss.00") == datetime.time(0, 1, 2, 340000)
    assert shown(from_serial(1.1041666667, "h:mm"), "h:mm") == "02:30 (26:30)"
    assert shown(from_serial(0.0, "d mmmm yyyy"), "d mmmm yyyy") == "0"
    assert from_serial(45356.0, "e") == DAY
    assert from_serial(45356.0, '0 "days"') == 45356.0


def test_xlsx_cells_are_shown_with_their_formats_wherever_the_sheet_begins() -> None:
    formats = ["0.0%", "00000", "[h]:mm"]
    rows = (
        f'<row r="3">{cell("C3", "Rate")}{cell("D3", "Code")}{cell("E3", "Time")}</row>'
        # Other programs write the attributes in another order.
        f'<row r="4"><c s="1" r="C4"><v>0.075</v></c>{cell("D4", 7, 2)}{cell("E4", 1.1041666667, 3)}</row>'
    )
    assert text(xlsx({"T": rows}, formats=formats)) == (
        "# T\n\n| Rate | Code | Time |\n| --- | --- | --- |\n| 7.5% | 00007 | 26:30 |"
    )


def test_excel_4_is_read_with_its_formats() -> None:
    cells: list[tuple[int, int, str | float, int]] = [
        (0, 0, "Item", 0), (0, 1, "Rate", 0), (0, 2, "From", 0),
        (1, 0, "Fee", 0), (1, 1, 0.25, 1), (1, 2, 45356.0, 2),
    ]  # fmt: skip
    assert text(biff4(cells, ["General", "0%", "dd/mm/yyyy"]), "a.xls").endswith("| Fee | 25% | 2024-03-05 |")


def test_a_broken_xls_says_so() -> None:
    with pytest.raises(LoadError, match="a broken or password-protected spreadsheet"):
        load_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls")


def test_a_broken_xlsb_is_one_sentence() -> None:
    members = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.bin": b"\x83\x01\x00\x9c\x01\xff\xff\xff\x7f",
        "xl/_rels/workbook.bin.rels": relations({}),
    }
    with pytest.raises(LoadError) as caught:
        load_bytes(zip_of(members), "a.xlsb")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("a broken or password-protected spreadsheet")
    assert "Error" not in str(caught.value)


def test_xlsb_is_read_and_a_cell_far_out_is_refused_before_it_fills_the_memory() -> None:
    rows: list[list[str | float]] = [["Fee", "Rate"], ["Moor", 0.075]]
    assert text(zip_of(xlsb(rows)), "a.xlsb") == (
        "# Prices\n\n| Fee | Rate |\n| --- | --- |\n| Moor | 0.075 |\n\n"
        "# Other\n\n| Item | Fee |\n| --- | --- |\n| Moor | 4.5 |"
    )
    loaded = load_bytes(zip_of(xlsb(rows, state=1)), "a.xlsb")
    assert loaded.problems == ["sheet 'Prices' is hidden and was left out"]
    assert loaded.documents[0].text.startswith("# Other")
    with pytest.raises(LoadError, match=r"16,777,216,000 cells in xl/worksheets/sheet1\.bin"):
        load_bytes(zip_of(xlsb(rows, row=2**20 - 2, column=15_998)), "a.xlsb")


def test_a_formula_without_a_value_is_told() -> None:
    rows = (
        f'<row r="1">{cell("A1", "Item")}{cell("B1", "Total")}</row>'
        f'<row r="2">{cell("A2", "Sum")}<c r="B2"><f>SUM(4,5)</f><v></v></c></row>'
        f'<row r="3">{cell("A3", "Mean")}<c r="B3" s="0"><f>A1&amp;"x"</f></c></row>'
        f'<row r="4">{cell("A4", "Known")}<c r="B4"><f>4+5</f><v>9</v></c></row>'
        f'<row r="5">{cell("A5", "Blank")}<c r="B5" t="str"><f>""</f><v></v></c></row>'
    )
    loaded = load_bytes(xlsx({"S": rows}), "a.xlsx")
    assert loaded.problems == [
        "sheet 'S': 2 formulas have no stored value (B2 =SUM(4,5), B3 =A1&\"x\") and left a blank; "
        "open and save the file in its program"
    ]
    assert "| Known | 9 |" in loaded.documents[0].text


def test_notes_text_boxes_and_chart_titles_stand_behind_the_table() -> None:
    a = "http://schemas.openxmlformats.org/drawingml/2006/main"
    c = "http://schemas.openxmlformats.org/drawingml/2006/chart"
    drawing = (
        f'<xdr:wsDr xmlns:xdr="x" xmlns:a="{a}" xmlns:c="{c}" xmlns:r="r"><xdr:sp><xdr:txBody><a:p><a:r><a:t>'
        "Replace V-1 </a:t></a:r><a:r><a:t>soon.</a:t></a:r></a:p></xdr:txBody></xdr:sp>"
        '<c:chart r:id="r1"/></xdr:wsDr>'
    )
    chart = (
        f'<c:chartSpace xmlns:c="{c}" xmlns:a="{a}"><c:chart><c:title><c:tx><c:rich><a:p><a:r>'
        "<a:t>Leaks</a:t></a:r></a:p></c:rich></c:tx></c:title></c:chart></c:chartSpace>"
    )
    legacy = "[Threaded comment] Your version of Excel does not show it. Comment: Ask Ada."
    data = xlsx(
        {"D": grid([["Valve", "State"], ["V-1", "open"]])},
        **{
            "xl/worksheets/_rels/sheet1.xml.rels": relations(
                {
                    "r1": ("comments", "../comments1.xml"),
                    "r2": ("threadedComment", "../threadedComments/t1.xml"),
                    "r3": ("drawing", "../drawings/drawing1.xml"),
                }
            ),
            "xl/comments1.xml": f'<comments><commentList><comment ref="A2"><text><r><t>Checked</t></r>'
            f'<r><t> in May.</t></r></text></comment><comment ref="B2"><text><t>{legacy}</t></text></comment>'
            "</commentList></comments>",
            "xl/threadedComments/t1.xml": '<ThreadedComments><threadedComment ref="B2"><text>Ask Ada.</text>'
            "</threadedComment></ThreadedComments>",
            "xl/drawings/drawing1.xml": drawing,
            "xl/drawings/_rels/drawing1.xml.rels": relations({"r1": ("chart", "../charts/chart1.xml")}),
            "xl/charts/chart1.xml": chart,
        },
    )
    assert text(data).split("\n\n")[2:] == [
        "Note on A2: Checked in May.", "Note on B2: Ask Ada.", "Text box: Replace V-1 soon.", "Chart: Leaks",
    ]  # fmt: skip


def test_titles_stand_above_and_each_table_has_its_own_names() -> None:
    rows: list[list[str | float | None]] = [
        ["Budget 2024"], [None], ["Item", "Q1"], ["Licences", 4], [None], ["Hardware", 8], [None],
        ["Person", "Phone"], ["Ann", 12], ["Bob", 13], [None], ["All without VAT"],
    ]  # fmt: skip
    assert text(xlsx({"B": grid(rows)})) == (
        "# B\n\nBudget 2024\n\n| Item | Q1 |\n| --- | --- |\n| Licences | 4 |\n| Hardware | 8 |\n\n"
        "| Person | Phone |\n| --- | --- |\n| Ann | 12 |\n| Bob | 13 |\n\nAll without VAT"
    )


def test_merged_cells_repeat_down_and_name_the_columns_below_them() -> None:
    merged = (
        "<sheetData>"
        + grid(
            [
                ["Region", "2023", None, "2024", None],
                [None, "H1", "H2", "H1", "H2"],
                ["North", 1, 2, 3, 4],
                [None, 5, 6, 7, 8],
            ]
        )
        + '</sheetData><mergeCells><mergeCell ref="B1:C1"/><mergeCell ref="D1:E1"/>'
        '<mergeCell ref="A3:A4"/></mergeCells>'
    )
    assert text(xlsx({"M": merged})) == (
        "# M\n\n| Region | 2023 H1 | 2023 H2 | 2024 H1 | 2024 H2 |\n| --- | --- | --- | --- | --- |\n"
        "| North | 1 | 2 | 3 | 4 |\n| North | 5 | 6 | 7 | 8 |"
    )


def test_a_merged_title_is_no_group_of_columns() -> None:
    rows = [["Staff of the yard", "", ""], ["Name", "Room", "Phone"], ["Ann", "1", "2"]]
    assert sheet_markdown(rows, [(0, 0, 0, 2)]).startswith("Staff of the yard\n\n| Name | Room | Phone |")


def test_ods_cells_are_shown_as_the_file_shows_them() -> None:
    p = "<text:p>{}</text:p>"

    def of(kind: str, value: str, shows: str) -> str:
        name = "date-value" if kind == "date" else "value"
        said = f'office:value-type="{kind}" office:{name}="{value}"'
        return f"<table:table-cell {said}>{p.format(shows)}</table:table-cell>"

    def words(*texts: str) -> str:
        return "".join(f"<table:table-cell>{p.format(each)}</table:table-cell>" for each in texts)

    note = (
        f"<table:table-cell><office:annotation>{p.format('Ask Ada.')}</office:annotation>{p.format('Fee')}"
        "</table:table-cell>"
    )
    table = (
        '<table:table table:name="T"><table:table-header-rows><table:table-row>'
        f"{words('Item', 'Rate', 'From', 'Price')}"
        '<table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
        "</table:table-header-rows>"
        f"<table:table-row>{note}{of('percentage', '0.075', '7,5 %')}{of('date', '2024-03-05', '05.03.24')}"
        f"{of('currency', '12.5', '12,50 €')}</table:table-row>"
        '<table:table-row><table:table-cell table:formula="of:=SUM(1;2)"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
        "</table:table>"
        '<table:table table:name="Old" table:style-name="h"><table:table-row>'
        f"{words('secret', 'x')}</table:table-row></table:table>"
    )
    styles = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'
    doctype = '<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">'
    data = ods(table, styles, **{"Basic/Standard/Module1.xml": f"{doctype}<script:module/>"})
    loaded = load_bytes(data, "a.ods")
    assert loaded.documents[0].text == (
        "# T\n\n| Item | Rate | From | Price |\n| --- | --- | --- | --- |\n"
        "| Fee | 7,5 % | 2024-03-05 | 12,50 € |\n\nNote on A2: Ask Ada."
    )
    assert loaded.problems == [
        "sheet 'T': 1 formula has no stored value and left a blank; open and save the file in its program",
        "sheet 'Old' is hidden and was left out",
    ]


@pytest.mark.parametrize(
    "parts",
    [
        {"Basic/script-lc.xml": '<!DOCTYPE library:libraries PUBLIC "-//x" "libraries.dtd"><a/>',
         "Dialogs/Standard/Dialog1.xml": '<!DOCTYPE dlg:window PUBLIC "-//x" "dialog.dtd"><a/>'},
        # As version 1 of OpenOffice wrote it, and a part that nothing points to.
        {"META-INF/manifest.xml": '<!DOCTYPE manifest:manifest PUBLIC "-//x" "Manifest.dtd"><a/>'},
        {"Object 1/content.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'},
    ],
)  # fmt: skip
def test_ods_with_parts_that_are_not_read_and_have_a_document_type(parts: dict[str, str]) -> None:
    cells = "".join(
        f"<table:table-cell><text:p>{each}</text:p></table:table-cell>" for each in ("Name", "Room")
    )
    table = f'<table:table table:name="T"><table:table-row>{cells}</table:table-row></table:table>'
    assert "| Name | Room |" in text(ods(table, **parts), "a.ods")


def test_ods_that_declares_entities_is_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    with pytest.raises(LoadError, match=r"content\.xml declares XML entities"):
        load_bytes(zip_of({"mimetype": "a", "content.xml": bomb}), "a.ods")


def test_what_is_no_spreadsheet_is_told_with_what_it_is() -> None:
    with pytest.raises(LoadError, match=r"no spreadsheet, but a \.html file under another name"):
        load_bytes(b"<html><body><table><tr><td>a</table></body></html>", "report.xls")


def test_errors_stay_and_hidden_rows_and_columns_are_told() -> None:
    rows = grid([["Item", "Rate", "Code"], ["Sand", 4, "s-1"], ["Clay", 5, "c-2"], ["Silt", None, "t-3"]])
    rows = rows.replace('<row r="4">', '<row r="4"><c r="B4" t="e"><f>1/0</f><v>#DIV/0!</v></c>')
    rows = rows.replace('<row r="3">', '<row r="3" hidden="1">')
    columns = '<cols><col min="3" max="3" hidden="1"/></cols>'
    sheet = f"{columns}<sheetData>{rows}</sheetData>"
    loaded = load_bytes(xlsx({"S": sheet}), "a.xlsx")
    assert (
        loaded.documents[0].text == "# S\n\n| Item | Rate |\n| --- | --- |\n| Sand | 4 |\n| Silt | #DIV/0! |"
    )
    assert loaded.problems == ["sheet 'S': column C, row 3 hidden and left out"]
    # LibreOffice writes all attributes out.
    spelled = sheet.replace('hidden="1"', 'outlineLevel="0" hidden="true" collapsed="false"')
    assert load_bytes(xlsx({"S": spelled}), "a.xlsx").problems == loaded.problems
    # What a filter hides, and a group that folds, a click brings back.
    filtered = sheet + '<autoFilter ref="A1:C4"><filterColumn colId="0"/></autoFilter>'
    grouped = filtered.replace('hidden="1"/></cols>', 'hidden="1" outlineLevel="1"/></cols>')
    kept = load_bytes(xlsx({"S": grouped}), "a.xlsx")
    assert ("| Clay | 5 | c-2 |" in kept.documents[0].text, kept.problems) == (True, [])


def test_a_format_that_shows_nothing_and_one_for_texts() -> None:
    rows = f'<row r="1">{cell("A1", "Name")}{cell("B1", "Pin")}</row>'
    rows += f'<row r="2">{cell("A2", "Ada", 1)}{cell("B2", 4711, 2)}</row>'
    rows += f'<row r="3">{cell("A3", "Bo", 1)}{cell("B3", "secret", 2)}</row>'
    rows += f'<row r="4">{cell("A4", "Cy", 1)}{cell("B4", -35, 3)}{cell("C4", 0, 4)}</row>'
    made = xlsx({"S": rows}, formats=["&quot;Dr. &quot;@", ";;;", "0;;", "0;-0;"])
    document = load_bytes(made, "a.xlsx").documents[0]
    assert document.text.splitlines()[4:] == ["| Dr. Ada |  |", "| Dr. Bo |  |", "| Dr. Cy |  |"]
    hidden = len("4711") + len("secret") + len("-35")  # a zero that does not show hides nothing
    assert f"{hidden} characters of text (hidden by format)" in str(document.metadata[HIDDEN_KEY])


def test_hidden_rows_and_columns_of_ods_are_told() -> None:
    def row(*texts: str, more: str = "") -> str:
        cells = "".join(f"<table:table-cell><text:p>{each}</text:p></table:table-cell>" for each in texts)
        return f"<table:table-row{more}>{cells}</table:table-row>"

    gone = ' table:visibility="collapse"'
    table = (
        f'<table:table table:name="T"><table:table-column/><table:table-column{gone}/>'
        f"<table:table-column-group><table:table-column{gone}/></table:table-column-group>"
        f"{row('Item', 'Code', 'Rate')}"
        f"{row('Sand', 's-1', '4')}{row('Clay', 'c-2', '5', more=gone)}"
        + row("Loam", "l-3", "6", more=' table:visibility="filter"')
        + f"<table:table-row-group>{row('Silt', 't-4', '7', more=gone)}</table:table-row-group></table:table>"
    )
    loaded = load_bytes(ods(table), "a.ods")
    assert loaded.documents[0].text.split("\n", 2)[2] == (
        "| Item |  | Rate |\n| --- | --- | --- |\n| Sand |  | 4 |\n| Loam |  | 6 |\n| Silt |  | 7 |"
    )
    assert loaded.problems == ["sheet 'T': column B, row 3 hidden and left out"]
    painted = table.replace("</table:table>", "<table:conditional-formats/></table:table>")
    assert load_bytes(ods(painted), "a.ods").problems == loaded.problems


def test_hidden_rows_and_columns_of_xls_are_told() -> None:
    cells: list[tuple[int, int, str | float, int]] = [
        (row, column, value, 0)
        for row, values in enumerate((("Item", "Code", "Rate"), ("Sand", "s-1", 4.0), ("Clay", "c-2", 5.0)))
        for column, value in enumerate(values)
    ]
    row = struct.pack("<HHHHHHI", 2, 0, 3, 255, 0, 0, 0x120)
    column = struct.pack("<HHHHH", 1, 1, 2000, 0, 1)
    loaded = load_bytes(biff4(cells, ["General"], more=[(0x0208, row), (0x007D, column)]), "a.xls")
    assert loaded.documents[0].text.endswith("| Item |  | Rate |\n| --- | --- | --- |\n| Sand |  | 4 |")
    (problem,) = loaded.problems
    assert problem.endswith("column B, row 3 hidden and left out")


FONTS = (
    '<fonts><font/><font><sz val="11"/><color rgb="FFFFFFFF"/></font><font><color theme="0"/></font>'
    '<font><sz val="1"/></font><font><color theme="0" tint="-0.5"/></font><font><color indexed="9"/></font>'
    "</fonts>"
)
FILLS = (
    '<fills><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="solid">'
    '<fgColor theme="1"/></patternFill></fill><fill><patternFill patternType="solid"><fgColor theme="4"/>'
    "</patternFill></fill><fill><gradientFill/></fill></fills>"
)


@pytest.mark.parametrize(
    ("font", "fill", "shows"),
    [
        (0, 0, True),
        (1, 0, False),  # white on nothing
        (2, 0, False),  # the theme's paper
        (3, 0, False),  # a point high
        (4, 0, True),  # half as light
        (5, 0, False),
        (0, 1, False),  # black on the theme's ink
        (1, 1, True),
        (1, 2, True),  # a colour that the file does not tell
        (1, 3, True),
    ],
)
def test_letters_of_a_sheet_in_the_colour_of_their_cell(font: int, fill: int, shows: bool) -> None:
    xf = f'<xf fontId="{font}" fillId="{fill}" numFmtId="0"/>'
    styles = f'<styleSheet>{FONTS}{FILLS}<cellXfs><xf fontId="0" fillId="0"/>{xf}</cellXfs></styleSheet>'
    rows = f'<row r="1">{cell("A1", "Name")}{cell("B1", "Pin")}</row>'
    rows += f'<row r="2">{cell("A2", "Ada")}{cell("B2", 4711, 1)}</row>'
    document = load_bytes(xlsx({"S": rows}, **{"xl/styles.xml": styles}), "a.xlsx").documents[0]
    assert ("| Ada | 4711 |" in document.text) is shows
    assert (HIDDEN_KEY in document.metadata) is not shows
    # What a condition or a table's design paints is not known.
    painted = f"<sheetData>{rows}</sheetData><conditionalFormatting sqref='A1:B9'/>"
    document = load_bytes(xlsx({"S": painted}, **{"xl/styles.xml": styles}), "a.xlsx").documents[0]
    assert "| Ada | 4711 |" in document.text


def test_letters_of_ods_and_xls_in_the_colour_of_their_cell() -> None:
    def style(name: str, ink: str, paper: str = "", more: str = "") -> str:
        of_cell = f'<style:table-cell-properties fo:background-color="{paper}"/>' if paper else ""
        return (
            f'<style:style xmlns:fo="fo" style:name="{name}" style:family="table-cell"{more}>{of_cell}'
            f'<style:text-properties fo:color="{ink}"/></style:style>'
        )

    def of(name: str, said: str) -> str:
        named = f' table:style-name="{name}"' if name else ""
        return f"<table:table-cell{named}><text:p>{said}</text:p></table:table-cell>"

    styles = (
        style("w", "#ffffff") + style("d", "#ffffff", "#003366") + style("s", "#fefefe", "", "")
        + style("child", "#ffffff", more=' style:parent-style-name="d"')
    )  # fmt: skip
    table = (
        '<table:table table:name="T"><table:table-column/><table:table-column '
        'table:default-cell-style-name="s"/>'
        f"<table:table-row>{of('', 'Name')}{of('d', 'Pin')}</table:table-row>"
        f"<table:table-row>{of('child', 'Ada')}{of('w', '4711')}</table:table-row>"
        f"<table:table-row>{of('', 'Bo')}{of('', '4712')}</table:table-row></table:table>"
    )
    document = load_bytes(ods(table, styles), "a.ods").documents[0]
    assert document.text.endswith("| Name | Pin |\n| --- | --- |\n| Ada |  |\n| Bo |  |")
    assert document.metadata[HIDDEN_KEY] == (
        "left out as hidden: 8 characters of text (colour of its background)"
    )
    cells: list[tuple[int, int, str | float, int]] = [
        (0, 0, "Name", 0), (0, 1, "Pin", 0), (1, 0, "Ada", 0), (1, 1, 4711.0, 1), (2, 0, "tiny", 2),
        (2, 1, 5.0, 0),
    ]  # fmt: skip
    made = biff4(cells, ["General"] * 3, [(200, 0x7FFF), (200, 9), (20, 0x7FFF)])
    document = load_bytes(made, "a.xls").documents[0]
    assert document.text.endswith("| Name | Pin |\n| --- | --- |\n| Ada |  |\n|  | 5 |")
    assert "4 characters of text (letters too small to see)" in str(document.metadata[HIDDEN_KEY])
