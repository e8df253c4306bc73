"""What an XLSX has beside its values: number formats, formulas without one, notes, text boxes, charts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.counts import counted
from rag.errors import LoadError
from rag.loaders.drawing import graphic_blocks, shown_parts, words
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.hidden import note_hidden
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.office import relations
from rag.loaders.guard.xml import attribute, local, parse_xml
from rag.loaders.number_formats import BUILT_IN
from rag.loaders.objects import alternative_text, left_out

from .layout import Sheet
from .marks import is_struck, marked_cells, shared_strings, text_of
from .unseen import unseen_styles

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
_CONTROL = re.compile(rb"<(?:\w+:)?control\s[^<>]*>")
_REFERENCE = re.compile(rb"\b(id|shapeId)=[\"'](\w{1,20})[\"']")
_OBJECT = re.compile(rb"<(?:\w+:)?oleObject\s[^<>]*>")
_PROGRAM = re.compile(rb"\b(shapeId|progId)=[\"']([\w.]{1,80})[\"']")
_STATED = re.compile(rb"\bt=[\"'](?:str|s|inlineStr)[\"']")
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)\b")
_FROM_TO = {b"min", b"max"}
_NAMED = 3  # formulas that a report quotes
_LONGEST_FORMULA = 60


@dataclass(slots=True)
class Extras:
    """What one sheet has beside its values, by (row, column) from 0; `marked` are texts, with their marks."""

    sheet: Sheet
    codes: dict[tuple[int, int], str] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    unseen: dict[tuple[int, int], str] = field(default_factory=dict)
    marked: dict[tuple[int, int], str] = field(default_factory=dict)
    struck: set[tuple[int, int]] = field(default_factory=set)


@dataclass(slots=True)
class _Shared:
    """What the sheets of a workbook share: by style number codes, reasons, struck fonts; texts with marks."""

    codes: dict[bytes, str] = field(default_factory=dict)
    unseen: dict[bytes, str] = field(default_factory=dict)
    struck: set[bytes] = field(default_factory=set)
    strings: dict[bytes, str] = field(default_factory=dict)


def extras(archive: Archive, limits: Limits) -> dict[str, Extras]:
    """By the name of the sheet. Raises LoadError for a sheet whose used range is huge."""
    for name in archive.names():
        if name.endswith(".xml") and _DECLARED.search(archive.read(name)):
            raise LoadError(f"refused: {name} declares XML entities, which can be made to do harm")
    if WORKBOOK not in archive:
        return {}
    targets = relations(archive, WORKBOOK, limits)
    shared = _styles(archive, limits)
    for kind, target in targets.values():
        if kind == "sharedStrings":
            shared.strings = shared_strings(archive, target, limits)
    by_sheet: dict[str, Extras] = {}
    for each in parse_xml(archive.read(WORKBOOK), WORKBOOK, limits).iter():
        if local(each) != "sheet":
            continue
        reference = next((value for key, value in each.attrib.items() if key.endswith("}id")), "")
        part = targets.get(reference, ("", ""))[1]
        if part in archive:
            extra = by_sheet[attribute(each, "name")] = Extras(Sheet(attribute(each, "name")))
            _read(extra, archive, part, shared, limits)
    return by_sheet


def _read(extra: Extras, archive: Archive, part: str, shared: _Shared, limits: Limits) -> None:
    data = archive.read(part)
    sheet, codes, unseen = extra.sheet, shared.codes, shared.unseen
    if b"conditionalFormatting" in data or b"<tablePart" in data or b"<picture" in data:
        unseen = {}  # what lies behind the letters is not known
    rows = columns = 0
    for style, letters, number in _CELL.findall(data):
        row, column = int(number), _column(letters)
        rows, columns = max(rows, row), max(columns, column)
        if style in codes:
            extra.codes[row - 1, column - 1] = codes[style]
        if style in unseen:
            extra.unseen[row - 1, column - 1] = unseen[style]
        if style in shared.struck:
            extra.struck.add((row - 1, column - 1))
    limits.check("max_cells", rows * columns, f"cells in {part}")
    for (letters, row), text in marked_cells(data, part, shared.strings, limits).items():
        extra.marked[row - 1, _column(letters) - 1] = text
    sheet.problems += filter(None, [_uncached(data)])
    if b'"e"' in data or b"'e'" in data:
        for letters, number, error in _ERROR.findall(data):
            extra.errors[int(number) - 1, _column(letters) - 1] = error.decode("utf-8", "replace")
    sheet.hidden_rows, sheet.hidden_columns = _hidden(data)
    targets = relations(archive, part, limits)
    boxes = _check_boxes(archive, data, targets, limits)
    objects = [dict(_PROGRAM.findall(each)) for each in _OBJECT.findall(data)] if b"oleObject" in data else []
    programs = {each.get(b"shapeId"): each.get(b"progId", b"") for each in objects}  # two forms of one
    sheet.problems += left_out(Counter(name.decode("utf-8", "replace") for name in programs.values()))
    for kind, target in targets.values():
        if target not in archive:
            continue
        if kind in ("comments", "threadedComment"):
            sheet.blocks += _notes(parse_xml(archive.read(target), target, limits))
        elif kind == "drawing":
            sheet.blocks += _drawing(archive, target, boxes, limits)


def _hidden(data: bytes) -> tuple[set[int], list[tuple[int, int]]]:
    """Rows and columns that are hidden for good: no filter hides them, and no group that folds."""
    rows: set[int] = set()
    columns: list[tuple[int, int]] = []
    if b"hidden" not in data:
        return rows, columns
    for column in _COLUMN.findall(data):
        said = dict(_ATTRIBUTE.findall(column))
        if (
            said.get(b"hidden") in (b"1", b"true")
            and said.get(b"outlineLevel", b"0") == b"0"
            and said.keys() >= _FROM_TO
        ):
            columns.append((int(said[b"min"]) - 1, int(said[b"max"]) - 1))
    for row in _ROW.findall(data) if b"filterColumn" not in data else ():
        said = dict(_ATTRIBUTE.findall(row))
        if said.get(b"outlineLevel", b"0") == b"0" and said.get(b"r", b"").isdigit():
            rows.add(int(said[b"r"]) - 1)
    return rows, columns


def _styles(archive: Archive, limits: Limits) -> _Shared:
    """By style number, as cells write it: format codes, why nobody sees letters in it, whether it strikes."""
    if STYLES not in archive:
        return _Shared()
    root = parse_xml(archive.read(STYLES), STYLES, limits)
    return _Shared(_codes(root), unseen_styles(root, archive, limits), _struck(root))


def _struck(root: Element) -> set[bytes]:
    """The numbers of the styles whose font strikes its letters out."""
    parts = {local(each): each for each in root}
    fonts = {str(number) for number, each in enumerate(parts.get("fonts", ())) if is_struck(each)}
    styles = enumerate(parts.get("cellXfs", ()))
    return {str(number).encode() for number, each in styles if attribute(each, "fontId") in fonts}


def _codes(root: Element) -> dict[bytes, str]:
    """Style number → format code, where a value shows otherwise than it is stored."""
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
        text = " ".join(visible("".join(_said(part) for part in each if local(part) == "text")).split())
        if text and not text.startswith("[Threaded comment]"):
            notes.append(f"Note on {attribute(each, 'ref')}: {text}")
    return notes


def _said(text: Element) -> str:
    return text_of(text) or text.text or ""  # in runs, or as it is


def _check_boxes(
    archive: Archive, data: bytes, targets: dict[str, tuple[str, str]], limits: Limits
) -> dict[str, str]:
    """Shape → ☒ or ☐ of the check boxes and radio buttons that lie on the sheet."""
    boxes: dict[str, str] = {}
    for control in _CONTROL.findall(data) if b"control" in data else ():
        said = {name: value.decode() for name, value in _REFERENCE.findall(control)}
        target = targets.get(said.get(b"id", ""), ("", ""))[1]
        if b"shapeId" not in said or target not in archive:
            continue
        properties = parse_xml(archive.read(target), target, limits)
        if attribute(properties, "objectType") in ("CheckBox", "Radio"):
            boxes[said[b"shapeId"]] = "☒" if attribute(properties, "checked") == "Checked" else "☐"
    return boxes


def _drawing(archive: Archive, part: str, boxes: dict[str, str], limits: Limits) -> list[str]:
    root = parse_xml(archive.read(part), part, limits)
    blocks = []
    for shape in shown_parts(root):
        if local(shape) == "pic":
            blocks += alternative_text(shape)
        elif local(shape) == "sp":
            text = _box_text(shape)
            named = next((each for each in shape.iter() if local(each) == "cNvPr"), shape)
            if mark := boxes.get(attribute(named, "id")):
                blocks.append(f"{mark} {text}".strip())
            elif attribute(named, "hidden") in ("1", "true"):
                note_hidden("characters of text (hidden shape)", len(text))
            elif text:
                blocks.append(f"Text box: {text}")
    return blocks + graphic_blocks(root, archive, part, limits, values=False)


def _box_text(shape: Element) -> str:
    return " ".join(words(body) for body in shape if local(body) == "txBody")


def _column(letters: bytes) -> int:
    """`A` → 1, `Z` → 26, `AA` → 27."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
