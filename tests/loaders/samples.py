"""Builds small real files for the tests of loaders, byte by byte, without any library under test."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
P = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
S = (
    'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
TAB = "\t"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CORE = (
    '<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:dcterms="t"><dc:title>{title}</dc:title>'
    "<dc:creator>Ada</dc:creator><dcterms:created>2024-03-15T05:45:00Z</dcterms:created></cp:coreProperties>"
)


def zip_of(members: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def relations(targets: dict[str, tuple[str, str]]) -> str:
    """Relation id → (kind, target)."""
    rows = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def docx(body: str, title: str = "", **more: str) -> bytes:
    """A DOCX of the given content of `w:body`; `more` are whole parts, by member name."""
    members = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": relations({"r1": ("officeDocument", "word/document.xml")}),
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": f'<w:styles {W}><w:style w:type="paragraph" w:styleId="H1">'
        '<w:name w:val="heading 1"/></w:style></w:styles>',
        "word/_rels/document.xml.rels": relations({"r1": ("styles", "styles.xml")}),
        "docProps/core.xml": CORE.format(title=title),
    }
    return zip_of({**members, **more})


def paragraph(text: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def table(rows: list[list[str]]) -> str:
    cells = ("".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def shape(kind: str, *paragraphs: str) -> str:
    """A slide's shape; kind `` is a text box. A paragraph may begin with tabs for its level."""
    placeholder = f'<p:nvPr><p:ph type="{kind}"/></p:nvPr>' if kind else "<p:nvPr/>"
    texts = "".join(
        f'<a:p><a:pPr lvl="{text.count(TAB)}"/><a:r><a:t>{text.strip()}</a:t></a:r></a:p>'
        for text in paragraphs
    )
    return f"<p:sp><p:nvSpPr>{placeholder}</p:nvSpPr><p:txBody>{texts}</p:txBody></p:sp>"


def pptx(
    slides: dict[str, str], order: list[str], notes: dict[str, str] | None = None, hidden: str = ""
) -> bytes:
    """A PPTX; slides are shapes by number, shown in `order`; notes by number of the slide."""
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "ppt/presentation.xml": f"<p:presentation {P}><p:sldIdLst>"
        + "".join(f'<p:sldId id="{256 + int(n)}" r:id="rel{n}"/>' for n in order)
        + "</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            {f"rel{n}": ("slide", f"slides/slide{n}.xml") for n in slides}
        ),
        "docProps/core.xml": CORE.format(title="PowerPoint Presentation"),
    }
    for number, shapes in slides.items():
        show = ' show="0"' if number == hidden else ""
        members[f"ppt/slides/slide{number}.xml"] = (
            f"<p:sld {P}{show}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
        )
    for number, text in (notes or {}).items():
        members[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(
            {"r1": ("notesSlide", f"../notesSlides/notesSlide{number}.xml")}
        )
        members[f"ppt/notesSlides/notesSlide{number}.xml"] = (
            f"<p:notes {P}><p:cSld><p:spTree>{shape('sldNum', '1')}{shape('body', text)}"
            "</p:spTree></p:cSld></p:notes>"
        )
    return zip_of(members)


def xlsx(sheets: dict[str, str], hidden: str = "", formats: list[str] | None = None, **more: str) -> bytes:
    """An XLSX; sheets are rows of `c` elements by name, or whole contents of `worksheet`.

    Style 1 and on have the codes in `formats`; `more` are whole parts by member name.
    """
    names = list(sheets)
    state = {name: ' state="hidden"' if name == hidden else "" for name in names}
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"{state[name]}/>' for n, name in enumerate(names, 1)
    )
    targets = {f"r{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(names) + 1)}
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relations({"r1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f"<workbook {S}><sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations({**targets, "rs": ("styles", "styles.xml")}),
    }
    if formats:
        coded = "".join(
            f'<numFmt numFmtId="{200 + n}" formatCode="{code}"/>' for n, code in enumerate(formats)
        )
        styles = "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(len(formats)))
        members["xl/styles.xml"] = (
            f'<styleSheet {S}><numFmts>{coded}</numFmts><cellXfs><xf numFmtId="0"/>{styles}</cellXfs>'
            "</styleSheet>"
        )
    for number, name in enumerate(names, 1):
        content = sheets[name] if "<sheetData>" in sheets[name] else f"<sheetData>{sheets[name]}</sheetData>"
        members[f"xl/worksheets/sheet{number}.xml"] = f"<worksheet {S}>{content}</worksheet>"
    return zip_of({**members, **more})


def cell(place: str, value: str | float, style: int = 0) -> str:
    styled = f' s="{style}"' if style else ""
    if isinstance(value, str):
        return f'<c r="{place}"{styled} t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"{styled}><v>{value}</v></c>'


def grid(rows: list[list[str | float | None]]) -> str:
    """Rows of cells from A1 on; None leaves one out."""
    return "".join(
        f'<row r="{r}">'
        + "".join(cell(f"{chr(65 + c)}{r}", value) for c, value in enumerate(row) if value is not None)
        + "</row>"
        for r, row in enumerate(rows, 1)
    )


ODS = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
)


def ods(tables: str, styles: str = "", **more: str) -> bytes:
    """An ODS of the given `table:table` elements; `more` are whole parts by member name."""
    content = (
        f"<office:document-content {ODS}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    mimetype = "application/vnd.oasis.opendocument.spreadsheet"
    return zip_of({"mimetype": mimetype, "content.xml": content, **more})


def biff4(
    cells: list[tuple[int, int, str | float, int]],
    formats: list[str],
    fonts: list[tuple[int, ...]] | None = None,
    more: list[tuple[int, bytes]] | None = None,
) -> bytes:
    """A worksheet of Excel 4 of (row, column, value, style); style n has the nth code, from 0.

    Fonts are (twentieths of a point, number of a colour, flags), the nth that of style n; `more` are records.
    """

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    out = [record(0x0409, struct.pack("<HHH", 0, 0x10, 0))]
    out += [record(0x041E, struct.pack("<HB", 0, len(code)) + code.encode()) for code in formats]
    for height, colour, *flags in fonts or ():
        out.append(record(0x0231, struct.pack("<HHH", height, sum(flags), colour) + b"\0"))
    out += [record(0x0443, struct.pack("<BB", n if fonts else 0, n) + bytes(10)) for n in range(len(formats))]
    out += [record(kind, body) for kind, body in more or ()]
    for row, column, value, style in cells:
        place = struct.pack("<HHH", row, column, style)
        if isinstance(value, str):
            text = value.encode("cp1252")
            out.append(record(0x0204, place + struct.pack("<H", len(text)) + text))
        else:
            out.append(record(0x0203, place + struct.pack("<d", value)))
    return b"".join([*out, record(0x000A, b"")])


def xlsb(
    rows: list[list[str | float]], row: int = 0, column: int = 0, state: int = 0
) -> dict[str, str | bytes]:
    """The members of an XLSB of two sheets, the first of the given rows, its last cell moved by row, column.

    `state` 1 hides the first sheet.
    """

    def record(kind: int, body: bytes = b"") -> bytes:
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        return head + bytes([len(body)]) + body

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    def sheet(rows: list[list[str | float]], row: int = 0, column: int = 0) -> bytes:
        out = [
            record(129),
            record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, len(rows[0]) - 1)),
            record(145),
        ]
        for r, cells in enumerate(rows):
            out.append(record(0, struct.pack("<I", r + row * (r == len(rows) - 1)) + bytes(21)))
            for c, value in enumerate(cells):
                last = r == len(rows) - 1 and c == len(cells) - 1
                place = struct.pack("<II", c + column * last, 0)
                if isinstance(value, str):
                    out.append(record(6, place + wide(value)))
                else:
                    out.append(record(5, place + struct.pack("<d", value)))
        return b"".join([*out, record(146), record(130)])

    listed = record(156, struct.pack("<II", state, 1) + wide("r1") + wide("Prices"))
    listed += record(156, struct.pack("<II", 0, 2) + wide("r2") + wide("Other"))
    return {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.bin": b"".join([record(131), record(143), listed, record(144), record(132)]),
        "xl/_rels/workbook.bin.rels": relations(
            {f"r{n}": ("worksheet", f"worksheets/sheet{n}.bin") for n in (1, 2)}
        ),
        "xl/worksheets/sheet1.bin": sheet(rows, row, column),
        "xl/worksheets/sheet2.bin": sheet([["Item", "Fee"], ["Moor", 4.5]]),
    }


def epub(chapters: dict[str, str], spine: list[str], **more: str) -> bytes:
    """An EPUB; chapters are XHTML by file name; `more` are whole parts by member name."""
    items = "".join(
        f'<item id="i-{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in chapters
    )
    refs = "".join(f'<itemref idref="i-{name}"/>' for name in spine)
    return zip_of(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:c"><rootfiles>'
            '<rootfile full-path="OEBPS/b.opf"/></rootfiles></container>',
            "OEBPS/b.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="d">'
            "<metadata><dc:title>Two Tales</dc:title><dc:creator>Ada</dc:creator>"
            "<dc:language>en</dc:language></metadata>"
            f'<manifest>{items}<item id="i-nav" href="nav.xhtml" properties="nav"/></manifest>'
            f'<spine><itemref idref="i-nav"/>{refs}</spine></package>',
            "OEBPS/nav.xhtml": "<html><body><p>contents</p></body></html>",
            **{f"OEBPS/{name}": content for name, content in chapters.items()},
            **more,
        }
    )


Text = tuple[float, float, str]


def pdf(
    pages: list[list[Text]], info: str = "", image_pages: tuple[int, ...] = (), trailer: str = ""
) -> bytes:
    """A PDF of (x, y, text) lines in Helvetica 12; pages in `image_pages` (from 0) show an image, too."""
    pixels = zlib.compress(b"\x00\xff\x00")
    objects: dict[int, bytes] = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(pixels), pixels),
        5: f"<< {info} >>".encode("latin-1"),
    }
    kids = []
    for number, lines in enumerate(pages):
        page, content = 6 + 2 * number, 7 + 2 * number
        kids.append(f"{page} 0 R")
        stream = "".join(f"BT /F1 12 Tf {x} {y} Td ({text}) Tj ET\n" for x, y, text in lines).encode(
            "latin-1"
        )
        if number in image_pages:
            stream += b"q 200 0 0 200 100 400 cm /I1 Do Q\n"
        objects[page] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> /XObject << /I1 4 0 R >> >> >>" % content
        )
        objects[content] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream)
    objects[2] = f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(kids)}] >>".encode()
    return _pdf_file(objects, trailer)


def pdf_of(contents: list[str], boxes: str = "/MediaBox [0 0 595 842]", fields: str = "") -> bytes:
    r"""A PDF of pages as content streams. F1 is Helvetica, F2 its bold, F3 and F4 are CJK fonts that lie
    elsewhere, F4 for upright text; F5 has ligatures, \001 is ﬁ and \002 ﬀ; I1 is an image. `boxes`:
    one for all pages or, apart by `|`, one each; `fields` likewise.
    """
    kinds = {"F1": "Helvetica", "F2": "Helvetica-Bold"}
    objects: dict[int, bytes] = {5: b"<< >>"}
    pixels = zlib.compress(b"\x00\xff\x00")
    objects[4] = (
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(pixels), pixels)
    )
    for number, name in ((3, "F1"), (6, "F2")):
        objects[number] = (
            f"<< /Type /Font /Subtype /Type1 /BaseFont /{kinds[name]} /Encoding /WinAnsiEncoding >>".encode()
        )
    for number, encoding in ((7, "UniJIS-UCS2-H"), (8, "UniJIS-UCS2-V")):
        objects[number] = (
            f"<< /Type /Font /Subtype /Type0 /BaseFont /Ryumin-Light-{encoding} /Encoding /{encoding} "
            "/DescendantFonts [9 0 R] >>"
        ).encode()
    objects[9] = (
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Ryumin-Light /DW 1000 /FontDescriptor 10 0 R "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>"
    )
    objects[10] = (
        b"<< /Type /FontDescriptor /FontName /Ryumin-Light /Flags 4 /FontBBox [0 -141 1000 859] "
        b"/ItalicAngle 0 /Ascent 859 /Descent -141 /CapHeight 683 /StemV 80 >>"
    )
    ligatures = (
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding "
        "<< /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 /fi /ff] >> >>"
    )
    sizes = boxes.split("|") if "|" in boxes else [boxes] * len(contents)
    widgets = fields.split("|") if fields else []
    names = [f"{11 + place} 0 R" for place in range(len(widgets))]
    for place, widget in enumerate(widgets):
        objects[11 + place] = widget.encode("latin-1")
    form = f"/AcroForm << /Fields [{' '.join(names)}] >>" if widgets else ""
    objects[1] = f"<< /Type /Catalog /Pages 2 0 R {form} >>".encode()
    first = 11 + len(widgets)
    kids = []
    for number, (content, box) in enumerate(zip(contents, sizes, strict=True)):
        page, stream = first + 2 * number, content.encode("latin-1")
        kids.append(f"{page} 0 R")
        annotations = f"/Annots [{' '.join(names)}]" if widgets and not number else ""
        objects[page] = (
            f"<< /Type /Page /Parent 2 0 R {box} /Contents {page + 1} 0 R {annotations} "
            f"/Resources << /Font << /F1 3 0 R /F2 6 0 R /F3 7 0 R /F4 8 0 R /F5 {ligatures} >> "
            "/XObject << /I1 4 0 R >> >> >>"
        ).encode()
        objects[page + 1] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream)
    objects[2] = f"<< /Type /Pages /Count {len(contents)} /Kids [{' '.join(kids)}] >>".encode()
    return _pdf_file(objects, "")


def _pdf_file(objects: dict[int, bytes], trailer: str) -> bytes:
    data = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number in sorted(objects):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R {trailer} >>\n".encode()
    return bytes(data) + b"startxref\n%d\n%%%%EOF\n" % start


def scanned_pdf(pages: list[bytes], dots: int = 200) -> bytes:
    """A scan of PDFs: the first page of each as a picture in grey, `dots` an inch, without any text."""
    from pypdfium2 import PdfDocument

    objects: dict[int, bytes] = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 5: b"<< >>"}
    objects |= {3: b"null", 4: b"null"}  # numbers have no gaps
    kids = []
    for number, data in enumerate(pages):
        first = PdfDocument(data)[0]
        (width, height), pixels = first.get_size(), first.render(scale=dots / 72, grayscale=True).to_numpy()
        page, content, image = (6 + 3 * number + part for part in range(3))
        kids.append(f"{page} 0 R")
        packed = zlib.compress(pixels.reshape(pixels.shape[0], -1)[:, : pixels.shape[1]].tobytes())
        drawn = f"q {width} 0 0 {height} 0 0 cm /I Do Q".encode()
        objects[page] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents {content} 0 R "
            f"/Resources << /XObject << /I {image} 0 R >> >> >>"
        ).encode()
        objects[content] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn)
        objects[image] = (
            (
                f"<< /Type /XObject /Subtype /Image /Width {pixels.shape[1]} /Height {pixels.shape[0]} "
                f"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode /Length {len(packed)} >>\n"
                "stream\n"
            ).encode()
            + packed
            + b"\nendstream"
        )
    objects[2] = f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(kids)}] >>".encode()
    return _pdf_file(objects, "")
