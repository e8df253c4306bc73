"""Files made to do harm, or damaged: each ends in a LoadError, fast."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from rag.errors import LoadError
from rag.loaders import Limits, load, load_bytes, suffixes
from tests.loaders.samples import docx, epub, paragraph, pdf, pptx, shape, xlsx, zip_of

LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    "<x>&c;</x>"
)
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


@pytest.mark.parametrize("suffix", sorted(suffixes()))
def test_empty_and_blank_files(suffix: str) -> None:
    with pytest.raises(LoadError, match="empty: the file has 0 bytes"):
        load_bytes(b"", f"a{suffix}")
    with pytest.raises(LoadError):
        load_bytes(b" \n\t\n", f"a{suffix}")


def test_blank_text_says_so() -> None:
    with pytest.raises(LoadError, match="no text"):
        load_bytes(b" \n\t\n", "a.txt")


@pytest.mark.parametrize("xml", [LAUGHS, EXTERNAL])
def test_entities_are_refused(xml: str) -> None:
    for data, source in (
        (docx("", **{"word/document.xml": xml}), "a.docx"),
        (docx(paragraph("x"), **{"docProps/core.xml": xml}), "a.docx"),
        (epub({"a.xhtml": "<p>x"}, ["a.xhtml"], **{"OEBPS/b.opf": xml}), "a.epub"),
        (zip_of({"ppt/presentation.xml": xml}), "a.pptx"),
        (zip_of({"xl/workbook.xml": xml}), "a.xlsx"),
    ):
        with pytest.raises(LoadError, match="declares XML entities"):
            load_bytes(data, source)


def test_zip_bombs() -> None:
    zeros = b"\0" * (20 << 20)
    with pytest.raises(LoadError, match=r"Limits\.max_archive_ratio"):
        load_bytes(docx(paragraph("x"), **{"word/media/a.bin": zeros}), "a.docx")  # type: ignore[arg-type]
    with pytest.raises(LoadError, match=r"Limits\.max_archive_bytes"):
        load_bytes(docx(paragraph("x")), "a.docx", limits=Limits(max_archive_bytes=100))
    with pytest.raises(LoadError, match=r"11 members .*Limits\.max_archive_members"):
        load_bytes(zip_of({f"{n}": "" for n in range(11)}), "a.docx", limits=Limits(max_archive_members=10))


def test_a_member_that_lies_about_its_size_is_cut_there() -> None:
    data = bytearray(docx(paragraph("x" * 5_000)))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo("word/document.xml").file_size
    # The size stands in the local header and in the directory.
    lie = bytes(data).replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lie != bytes(data)
    with pytest.raises(LoadError, match="broken"):
        load_bytes(lie, "a.docx")


def test_deep_nesting() -> None:
    with pytest.raises(LoadError, match=r"Limits\.max_xml_depth"):
        load_bytes(docx("<w:sdt>" * 5_000 + "</w:sdt>" * 5_000), "a.docx")
    with pytest.raises(LoadError, match="nested too deeply"):
        load_bytes(b"[" * 200_000, "a.json")
    with pytest.raises(LoadError, match=r"line 1 is no JSON"):
        load_bytes(b'{"text": ' * 200_000, "a.jsonl")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_cut_off_files(share: float) -> None:
    whole = {
        "a.docx": docx(paragraph("x" * 500)),
        "a.pptx": pptx({"1": shape("title", "t")}, ["1"]),
        "a.xlsx": xlsx({"S": '<row r="1"><c r="A1"><v>1</v></c></row>'}),
        "a.epub": epub({"a.xhtml": "<p>x"}, ["a.xhtml"]),
    }
    for source, data in whole.items():
        with pytest.raises(LoadError, match="broken or cut off"):
            load_bytes(data[: int(len(data) * share)], source)


def test_every_flipped_byte_loads_or_is_a_load_error() -> None:
    for data, source in (
        (pdf([[(72, 700, "Some words.")]]), "a.pdf"),
        (docx(paragraph("x")), "a.docx"),
        (xlsx({"S": '<row r="1"><c r="A1"><v>1</v></c></row>'}), "a.xlsx"),
    ):
        for place in range(0, len(data), 23):
            broken = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
            try:
                assert load_bytes(broken, source).documents
            except LoadError:
                continue


def test_password_protected_office_files() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    with pytest.raises(LoadError, match="password-protected, or of the old binary Office format"):
        load_bytes(ole, "a.docx")
    with pytest.raises(LoadError, match="broken or password-protected spreadsheet"):
        load_bytes(ole, "a.xlsx")
    data = bytearray(zip_of({"word/document.xml": "<x/>"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(LoadError, match="password-protected: its parts are encrypted"):
        load_bytes(bytes(data), "a.docx")


def test_names_that_climb_out_of_an_archive_lead_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "secret.xhtml"
    outside.write_text("<p>secret")
    package = (
        f'<package><manifest><item id="a" href="../../../..{outside}"/>'
        '<item id="b" href="b.xhtml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    data = epub({"b.xhtml": "<p>inside"}, [], **{"OEBPS/b.opf": package, "../../evil.txt": "x"})
    loaded = load_bytes(data, "a.epub")
    assert loaded.documents[0].text == "inside"
    assert len(loaded.problems) == 1


def test_unknown_binary_and_refused_formats() -> None:
    with pytest.raises(LoadError, match=r"no loader for \.xyz files, and the content looks binary"):
        load_bytes(b"\x00\x01\x02", "a.xyz")
    with pytest.raises(LoadError, match=r"no loader for \.doc files; save it as \.docx"):
        load_bytes(b"\xd0\xcf\x11\xe0", "a.doc")
    assert load_bytes(b"words", "README").documents[0].text == "words"


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="does not exist"):
        load(tmp_path / "none.txt", "none.txt")
    with pytest.raises(LoadError, match="is a folder or a device"):
        load(tmp_path, "folder")
    with pytest.raises(LoadError, match="is a folder or a device"):
        load(Path("/dev/zero"), "zero.txt")


def test_a_zip_with_a_nameless_member_is_no_crash() -> None:
    data = docx(paragraph("text"), **{"nameless.xml": "<x/>"}).replace(b"nameless.xml", b"\0ameless.xml")
    assert load_bytes(data, "a.docx").documents[0].text == "text"
