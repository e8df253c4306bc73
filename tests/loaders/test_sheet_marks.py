"""Raised, lowered and struck-out text of sheets: runs, fonts of cells, notes, boxes."""

from __future__ import annotations

import struct

import pytest

from rag.loaders import load_bytes
from rag.loaders.raised import LOWERED, RAISED, STRUCK, set_off
from tests.loaders.samples import S, biff4, cell, ods, relations, xlsx

SUPER = '<rPr><vertAlign val="superscript"/></rPr>'
SUB = '<rPr><vertAlign val="subscript"/></rPr>'
STRIKE = "<rPr><strike/></rPr>"
NO_STRIKE = '<rPr><strike val="0"/></rPr>'


def runs(*parts: tuple[str, str]) -> str:
    return "".join(f'<r>{properties}<t xml:space="preserve">{text}</t></r>' for text, properties in parts)


TEXTS = {
    "10^6 per ml": runs(("10", ""), ("6", SUPER), (" per ml", "<rPr><b/></rPr>")),
    "fee 500 [1]": runs(("fee 500", ""), ("1", SUPER)),
    "H2O": runs(("H", ""), ("2", SUB), ("O", "")),
    "log10_2": runs(("log10", ""), ("2", SUB)),
    "price ~~12 €~~ 15 €": runs(("price ", ""), ("12", STRIKE), (" €", STRIKE), (" 15 €", NO_STRIKE)),
}


def text(data: bytes, name: str = "a.xlsx") -> str:
    return load_bytes(data, name).documents[0].text


def test_runs_as_one_text() -> None:
    assert set_off([("12", ""), ("2", RAISED), (" m", "")]) == "12^2 m"
    assert set_off([("500", ""), ("1 ", RAISED), ("euros", "")]) == "500 [1] euros"
    assert set_off([("old ", STRUCK), ("new", "")]) == "~~old~~ new"
    assert set_off([("a", ""), (" ", STRUCK), ("b", LOWERED)]) == "a b"
    assert set_off([("plain", "")]) == "plain"


@pytest.mark.parametrize(("shown", "item"), TEXTS.items())
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_rich_text_of_xlsx_in_shared_strings_and_in_cells(shown: str, item: str, prefix: str) -> None:
    name = "xl/sharedStrings.xml"
    strings = {name: f"<sst {S}><si><t>Item</t></si><si>{item}</si><si><t>plain</t></si></sst>"}
    targets = {"r1": ("worksheet", "worksheets/sheet1.xml"), "r2": ("sharedStrings", "sharedStrings.xml")}
    strings["xl/_rels/workbook.xml.rels"] = relations(targets)
    rows = (
        f'<row r="1">{cell("A1", "Name")}<c r="B1" t="s"><v>0</v></c></row>'
        f'<row r="2">{cell("A2", 1)}<c t="s" r="B2"><v>1</v></c></row>'
        f'<row r="3">{cell("A3", 2)}<c r="B3" s="0" t="s">\n<v>2</v></c></row>'
    )
    assert text(xlsx({"T": rows}, **strings)).endswith(
        f"| Name | Item |\n| --- | --- |\n| 1 | {shown} |\n| 2 | plain |"
    )
    inline = f'<row r="1">{cell("A1", "Name")}{cell("B1", "Item")}</row>'
    inline += f'<row r="2">{cell("A2", 1)}<c r="B2" t="inlineStr"><is>{item}</is></c></row>'
    assert text(xlsx({"T": inline})).endswith(f"| 1 | {shown} |")


def test_cells_whose_font_strikes_them_out() -> None:
    styles = (
        f'<styleSheet {S}><numFmts><numFmt numFmtId="200" formatCode="0%"/></numFmts>'
        '<fonts><font/><font><strike/></font><font><strike val="0"/></font></fonts>'
        '<cellXfs><xf fontId="0"/><xf fontId="1"/><xf fontId="1" numFmtId="200"/><xf fontId="2"/></cellXfs>'
        "</styleSheet>"
    )
    item = f'<c r="B3" s="1" t="inlineStr"><is>{runs(("12", STRIKE), (" 15", "<rPr/>"))}</is></c>'
    rows = (
        f'<row r="1">{cell("A1", "Fee")}{cell("B1", "Rate")}</row>'
        f'<row r="2">{cell("A2", "old", 1)}{cell("B2", 0.05, 2)}</row>'
        f'<row r="3">{cell("A3", "new", 3)}{item}{cell("C3", "", 1)}</row>'
    )
    made = xlsx({"T": rows}, **{"xl/styles.xml": styles})
    assert text(made).splitlines()[4:] == ["| ~~old~~ | ~~5%~~ |", "| new | ~~12~~ 15 |"]


def test_marks_of_notes_text_boxes_and_chart_titles() -> None:
    box = (
        '<xdr:wsDr xmlns:xdr="x" xmlns:a="a"><xdr:twoCellAnchor><xdr:sp><xdr:txBody><a:p>'
        "<a:r><a:t>up to 10</a:t></a:r>"
        '<a:r><a:rPr baseline="30000"/><a:t>6</a:t></a:r></a:p><a:p><a:r><a:rPr strike="sngStrike"/>'
        "<a:t>gone</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:twoCellAnchor></xdr:wsDr>"
    )
    parts = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(
            {"r1": ("comments", "../comments1.xml"), "r2": ("drawing", "../drawings/drawing1.xml")}
        ),
        "xl/comments1.xml": f'<comments {S}><commentList><comment ref="A1"><text>{TEXTS["10^6 per ml"]}'
        "</text></comment></commentList></comments>",
        "xl/drawings/drawing1.xml": box,
    }
    made = text(xlsx({"T": f'<row r="1">{cell("A1", "Cells")}</row>'}, **parts))
    assert "Note on A1: 10^6 per ml" in made
    assert "Text box: up to 10^6 ~~gone~~" in made


def test_marks_of_ods() -> None:
    def style(name: str, family: str, properties: str) -> str:
        inner = f"<style:text-properties {properties}/>"
        return f'<style:style style:name="{name}" style:family="{family}">{inner}</style:style>'

    styles = (
        style("T1", "text", 'style:text-position="super 58%"')
        + style("T2", "text", 'style:text-position="-33% 58%"')
        + style("T3", "text", 'style:text-line-through-type="single"')
        + style("T4", "text", 'style:text-position="0% 100%" style:text-line-through-style="none"')
        + style("ce1", "table-cell", 'style:text-line-through-style="solid"')
    )

    def row(*cells: str) -> str:
        return f"<table:table-row>{''.join(cells)}</table:table-row>"

    def said(content: str, style: str = "") -> str:
        named = f' table:style-name="{style}"' if style else ""
        return f"<table:table-cell{named}><text:p>{content}</text:p></table:table-cell>"

    def span(style: str, content: str) -> str:
        return f'<text:span text:style-name="{style}">{content}</text:span>'

    table = (
        '<table:table table:name="S"><table:table-column/>'
        '<table:table-column table:default-cell-style-name="ce1"/>'
        + row(said("Item"), said("Old", "Default"), said("Now"))
        + row(
            said(f"10{span('T1', '6')} per ml"),
            said("99"),
            said(f"{span('T3', '12 €')} {span('T4', '15 €')}"),
        )
        + row(said(f"H{span('T2', '2')}O"), said("7", "Default"), said("old", "ce1"))
        + "</table:table>"
    )
    assert text(ods(table, styles), "a.ods").splitlines()[2:] == [
        "| Item | Old | Now |",
        "| --- | --- | --- |",
        "| 10^6 per ml | ~~99~~ | ~~12 €~~ 15 € |",
        "| H2O | 7 | ~~old~~ |",
    ]


def test_struck_cells_and_runs_of_xls() -> None:
    said = b"12 15"
    run = (
        struct.pack("<HHHH", 1, 1, 0, len(said)) + said + bytes([2, 0, 1, 2, 0])
    )  # font 1 up to the third sign
    cells: list[tuple[int, int, str | float, int]] = [
        (0, 0, "Fee", 0), (0, 1, "Rate", 0), (1, 0, "old", 1),
    ]  # fmt: skip
    made = biff4(cells, ["General"] * 2, [(200, 0x7FFF), (200, 0x7FFF, 8)], [(0x00D6, run)])
    assert text(made, "a.xls").endswith("| ~~old~~ | ~~12~~ 15 |")
