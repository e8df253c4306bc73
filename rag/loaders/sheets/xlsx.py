"""What an XLSX has beside its values: number formats, formulas without one, notes, text boxes, charts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.counts import counted
from rag.errors import LoadError
from rag.loaders.drawing import graphic_blocks
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.office import relations
from rag.loaders.guard.xml import attribute, local, parse_xml
from rag.loaders.number_formats import BUILT_IN

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

WORKBOOK = "xl/workbook.xml"
STYLES = "xl/styles.xml"
_CELL = re.compile(
    rb"<(?:\w+:)?c\s(?:(?=[^<>]*?\bs=[\"']([0-9]{1,6})[\"'])|)[^<>]*?\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']"
)
_UNCACHED = re.compile(
    rb"<(?:\w+:)?c\s[^<>]*?\br=[\"']([A-Z]{1,3}[0-9]{1,7})[\"'][^<>]*>\s*"
    rb"<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>([^<]*)</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_ERROR = re.compile(
    rb"<(?:\w+:)?c\s(?=[^<>]*?\bt=[\"']e[\"'])[^<>]*?\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"'][^<>]*>"
    rb"(?:<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>))?<(?:\w+:)?v>(#[^<]{1,20})</"
)
_COLUMN = re.compile(rb"<(?:\w+:)?col\s[^<>]*>")
_ROW = re.compile(rb"<(?:\w+:)?row\s[^<>]*\bhidden=[\"'](?:1|true)[\"'][^<>]*>")
_ATTRIBUTE = re.compile(rb"\b(r|min|max|hidden|outlineLevel)=[\"']([0-9a-z]{1,7})[\"']")
_STATED = re.compile(rb"\bt=[\"'](?:str|s|inlineStr)[\"']")
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)\b")
_FROM_TO = {b"min", b"max"}
_NAMED = 3  # formulas that a report quotes
_LONGEST_FORMULA = 60


@dataclass(slots=True)
class Extras:
    """What one sheet has beside its values; `codes` by (row, column) from 0."""

    codes: dict[tuple[int, int], str] = field(default_factory=dict)
    uncached: str = ""
    blocks: list[str] = field(default_factory=list)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)  # first, last


def extras(archive: Archive, limits: Limits) -> dict[str, Extras]:
    """By the name of the sheet. Raises LoadError for a sheet whose used range is huge."""
    for name in archive.names():
        if name.endswith(".xml") and _DECLARED.search(archive.read(name)):
            raise LoadError(f"refused: {name} declares XML entities, which can be made to do harm")
    if WORKBOOK not in archive:
        return {}
    codes = _codes(archive, limits)
    targets = relations(archive, WORKBOOK, limits)
    by_sheet: dict[str, Extras] = {}
    for each in parse_xml(archive.read(WORKBOOK), WORKBOOK, limits).iter():
        if local(each) != "sheet":
            continue
        reference = next((value for key, value in each.attrib.items() if key.endswith("}id")), "")
        part = targets.get(reference, ("", ""))[1]
        if part in archive:
            by_sheet[attribute(each, "name")] = _sheet(archive, part, codes, limits)
    return by_sheet


def _sheet(archive: Archive, part: str, codes: dict[bytes, str], limits: Limits) -> Extras:
    data = archive.read(part)
    sheet = Extras()
    rows = columns = 0
    for style, letters, number in _CELL.findall(data):
        row, column = int(number), _column(letters)
        rows, columns = max(rows, row), max(columns, column)
        if style in codes:
            sheet.codes[row - 1, column - 1] = codes[style]
    limits.check("max_cells", rows * columns, f"cells in {part}")
    sheet.uncached = _uncached(data)
    if b'"e"' in data or b"'e'" in data:
        for letters, number, error in _ERROR.findall(data):
            sheet.errors[int(number) - 1, _column(letters) - 1] = error.decode("utf-8", "replace")
    _hidden(sheet, data)
    for kind, target in relations(archive, part, limits).values():
        if target not in archive:
            continue
        if kind in ("comments", "threadedComment"):
            sheet.blocks += _notes(parse_xml(archive.read(target), target, limits))
        elif kind == "drawing":
            sheet.blocks += _drawing(archive, target, limits)
    return sheet


def _hidden(sheet: Extras, data: bytes) -> None:
    """Rows and columns that are hidden for good: no filter hides them, and no group that folds."""
    if b"hidden" not in data:
        return
    for column in _COLUMN.findall(data):
        said = dict(_ATTRIBUTE.findall(column))
        if (
            said.get(b"hidden") in (b"1", b"true")
            and not said.get(b"outlineLevel")
            and said.keys() >= _FROM_TO
        ):
            sheet.hidden_columns.append((int(said[b"min"]) - 1, int(said[b"max"]) - 1))
    for row in _ROW.findall(data) if b"filterColumn" not in data else ():
        said = dict(_ATTRIBUTE.findall(row))
        if not said.get(b"outlineLevel") and said.get(b"r", b"").isdigit():
            sheet.hidden_rows.append(int(said[b"r"]) - 1)


def _codes(archive: Archive, limits: Limits) -> dict[bytes, str]:
    """Style number, as cells write it → format code, where a value shows otherwise than it is stored."""
    if STYLES not in archive:
        return {}
    root = parse_xml(archive.read(STYLES), STYLES, limits)
    formats = dict(BUILT_IN)
    for each in root.iter():
        if local(each) == "numFmt" and attribute(each, "numFmtId").isdecimal():
            formats[int(attribute(each, "numFmtId"))] = attribute(each, "formatCode")
    styles = next((each for each in root if local(each) == "cellXfs"), ())
    codes: dict[bytes, str] = {}
    for number, style in enumerate(styles):
        identity = attribute(style, "numFmtId")
        code = formats.get(int(identity), "") if identity.isdecimal() else ""
        if code and code.lower() not in ("general", "@"):
            codes[str(number).encode()] = code
    return codes


def _uncached(data: bytes) -> str:
    """A sentence on the formulas that no program has computed; `` where there are none."""
    if b"<f" not in data and b":f" not in data:
        return ""
    uncached = [
        match for match in _UNCACHED.finditer(data) if not _STATED.search(match[0].partition(b">")[0])
    ]
    if not uncached:
        return ""
    examples = ", ".join(
        match[1].decode() + (f" ={_formula(match[2])}" if match[2] else "") for match in uncached[:_NAMED]
    )
    more = ", …" if len(uncached) > _NAMED else ""
    return without_value(len(uncached), f" ({examples}{more})")


def without_value(formulas: int, where: str = "") -> str:
    """The sentence on formulas that no program has computed."""
    blank = counted(formulas, "formula has", "formulas have")
    return f"{blank} no stored value{where} and left a blank; open and save the file in its program"


def _formula(raw: bytes) -> str:
    import html

    text = html.unescape(raw.decode("utf-8", "replace"))
    return text if len(text) <= _LONGEST_FORMULA else text[:_LONGEST_FORMULA] + "…"


def _notes(root: Element) -> list[str]:
    """`Note on B3: text`. What a threaded comment leaves for older programs is left out: it says no more."""
    notes = []
    for each in root.iter():
        if local(each) not in ("comment", "threadedComment"):
            continue
        text = " ".join(visible("".join(part.text or "" for part in _texts(each))).split())
        if text and not text.startswith("[Threaded comment]"):
            notes.append(f"Note on {attribute(each, 'ref')}: {text}")
    return notes


def _texts(comment: Element) -> list[Element]:
    parts = [each for each in comment.iter() if local(each) == "t"]
    return parts or [each for each in comment.iter() if local(each) == "text"]


def _drawing(archive: Archive, part: str, limits: Limits) -> list[str]:
    root = parse_xml(archive.read(part), part, limits)
    blocks = []
    for shape in root.iter():
        if local(shape) != "txBody":
            continue
        lines = (
            "".join(each.text or "" for each in paragraph.iter() if local(each) == "t")
            for paragraph in shape
            if local(paragraph) == "p"
        )
        text = " ".join(" ".join(visible(line) for line in lines).split())
        if text:
            blocks.append(f"Text box: {text}")
    return blocks + graphic_blocks(root, archive, part, limits, values=False)


def _column(letters: bytes) -> int:
    """`A` → 1, `Z` → 26, `AA` → 27."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
