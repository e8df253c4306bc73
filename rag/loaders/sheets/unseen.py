"""Cells that nobody sees, by their format, in the colour of their fill, or too small; cells struck out.

Colours that only the program knows, such as those of a table's design, count as unknown, and letters on them
as shown.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rag.loaders.guard.archive import Archive
from rag.loaders.guard.hidden import note_hidden
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.seen import BLACK, TINY_POINTS, WHITE, Colour, from_hex, melts
from rag.loaders.guard.xml import attribute, local, parse_xml
from rag.loaders.number_formats import shown, stored

from .layout import Rows

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

THEME = "xl/theme/theme1.xml"
# The first colours of Excel's palette (ECMA-376 part 1, 18.8.27); 64 and 65 are letters and paper.
_INDEXED = {
    0: "000000", 1: "FFFFFF", 2: "FF0000", 3: "00FF00", 4: "0000FF", 5: "FFFF00", 6: "FF00FF", 7: "00FFFF",
    8: "000000", 9: "FFFFFF", 10: "FF0000", 11: "00FF00", 12: "0000FF", 13: "FFFF00", 14: "FF00FF",
    15: "00FFFF", 22: "C0C0C0", 23: "808080", 64: "000000", 65: "FFFFFF",
}  # fmt: skip
# A cell counts the colours of a theme with light and dark exchanged.
_THEMED = ("lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)), "hlink", "folHlink")


def why_unseen(ink: Colour | None, paper: Colour | None, points: float) -> str:
    """Why nobody sees letters of a size in points; `` where they show. None: a colour that is not known."""
    if 0 < points <= TINY_POINTS:
        return "letters too small to see"
    return "colour of its background" if ink and paper and melts(ink, paper) else ""


def cell_text(value: Any, code: str) -> str:
    """What a cell shows under its format; what that keeps from its readers is counted, but for zeros."""
    text = shown(value, code)
    if not text and value:
        note_hidden("characters of text (hidden by format)", len(stored(value)))
    return text


def blank_cell(rows: Rows, row: int, column: int, why: str) -> None:
    """Empties a cell that nobody sees, and notes what it held."""
    if row < len(rows) and column < len(rows[row]) and (text := rows[row][column]):
        rows[row][column] = ""
        note_hidden(f"characters of text ({why})", len(text))


def strike_out(rows: Rows, cells: Iterable[tuple[int, int]]) -> None:
    """Marks the cells, (row, column), whose font strikes them out: `~~99~~`."""
    for row, column in cells:
        if row < len(rows) and column < len(rows[row]) and rows[row][column].strip():
            rows[row][column] = f"~~{rows[row][column].strip()}~~"


def unseen_styles(root: Element, archive: Archive, limits: Limits) -> dict[bytes, str]:
    """Style number, as the cells of an XLSX write it → why nobody sees what a cell of that style holds."""
    parts = {local(each): list(each) for each in root}
    theme = _theme(archive, limits)
    fonts = [_font(each, theme) for each in parts.get("fonts", ())]
    fills = [_fill(each, theme) for each in parts.get("fills", ())]
    unseen: dict[bytes, str] = {}
    for number, style in enumerate(parts.get("cellXfs", ())):
        font, fill = attribute(style, "fontId"), attribute(style, "fillId")
        ink, points = fonts[int(font)] if font.isdecimal() and int(font) < len(fonts) else (BLACK, 0.0)
        paper = fills[int(fill)] if fill.isdecimal() and int(fill) < len(fills) else WHITE
        if why := why_unseen(ink, paper, points):
            unseen[str(number).encode()] = why
    return unseen


def _font(element: Element, theme: dict[str, Colour]) -> tuple[Colour | None, float]:
    parts = {local(each): each for each in element}
    try:
        points = float(attribute(parts["sz"], "val")) if "sz" in parts else 0.0
    except ValueError:
        points = 0.0
    return (_colour(parts["color"], theme, BLACK) if "color" in parts else BLACK), points


def _fill(element: Element, theme: dict[str, Colour]) -> Colour | None:
    pattern = next((each for each in element if local(each) == "patternFill"), None)
    if pattern is None:
        return None if len(element) else WHITE  # a gradient, or nothing
    kind = attribute(pattern, "patternType")
    if kind in ("", "none"):
        return WHITE
    front = next((each for each in pattern if local(each) == "fgColor"), None)
    return _colour(front, theme, WHITE) if kind == "solid" and front is not None else None


def _colour(element: Element, theme: dict[str, Colour], automatic: Colour) -> Colour | None:
    if number := attribute(element, "theme"):
        place = int(number) if number.isdecimal() else len(_THEMED)
        colour = theme.get(_THEMED[place]) if place < len(_THEMED) else None
    elif digits := attribute(element, "rgb"):
        colour = from_hex(digits[-6:])
    elif number := attribute(element, "indexed"):
        colour = from_hex(_INDEXED.get(int(number), "")) if number.isdecimal() else None
    else:
        colour = automatic
    tint = attribute(element, "tint")
    return _tinted(colour, tint) if colour and tint else colour


def _tinted(colour: Colour, tint: str) -> Colour | None:
    """The colour made lighter or darker by a share from -1 to 1 (18.8.19)."""
    try:
        share = min(max(float(tint), -1.0), 1.0)
    except ValueError:
        return None
    hue, light, saturation = colorsys.rgb_to_hls(*(each / 255 for each in colour))
    light = light * (1 + share) if share < 0 else light * (1 - share) + share
    red, green, blue = (255 * each for each in colorsys.hls_to_rgb(hue, light, saturation))
    return red, green, blue


def _theme(archive: Archive, limits: Limits) -> dict[str, Colour]:
    colours: dict[str, Colour] = {"lt1": WHITE, "dk1": BLACK}
    if THEME not in archive:
        return colours
    for scheme in parse_xml(archive.read(THEME), THEME, limits).iter():
        if local(scheme) != "clrScheme":
            continue
        for slot in scheme:
            for each in slot:
                digits = attribute(each, "lastClr") or attribute(each, "val")
                if (colour := from_hex(digits)) is not None:
                    colours[local(slot)] = colour
        break
    return colours
