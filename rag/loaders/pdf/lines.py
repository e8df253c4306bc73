"""A PDF page → its lines in reading order, with where they stand."""

from __future__ import annotations

import unicodedata
from typing import Any, NamedTuple

from rag.loaders.guard.invisible import visible

# PDFium's signs for a hyphen that ends a line, as character codes: the line break itself is left out.
HYPHENS = (0x02, 0xFFFE)
_NEWLINES = (0x0A, 0x0D)


class Line(NamedTuple):
    """A line of text. Points from the page's lower left corner; `top` and `bottom` are the font's.

    `broken`: the last word goes on in the next line; its hyphen is the text's last character.
    """

    text: str
    left: float
    right: float
    bottom: float
    top: float
    broken: bool = False

    @property
    def height(self) -> float:
        """Height of the font, in points."""
        return self.top - self.bottom


def page_lines(page: Any) -> list[Line]:
    """The lines of a pypdfium2 page; none where it has no text."""
    from pypdfium2 import raw

    text_page = page.get_textpage()
    try:
        codes = [raw.FPDFText_GetUnicode(text_page, place) for place in range(text_page.count_chars())]
        return [line for span in _spans(codes) if (line := _line(text_page, codes, *span))]
    finally:
        text_page.close()


def _spans(codes: list[int]) -> list[tuple[int, int]]:
    """(start, end) of each line. A line ends at a newline, or at the sign for a hyphen in place of one."""
    spans: list[tuple[int, int]] = []
    start = 0
    for place, code in enumerate(codes):
        if code in _NEWLINES:
            spans.append((start, place))
            start = place + 1
        elif code in HYPHENS:
            spans.append((start, place + 1))
            start = place + 1
    return [*spans, (start, len(codes))]


def _line(text_page: Any, codes: list[int], start: int, end: int) -> Line | None:
    text = clean(codes[start:end])
    inked = [place for place in range(start, end) if codes[place] > 0x20]
    if not text or not inked:
        return None
    ends = (inked[0], inked[len(inked) // 2], inked[-1])
    boxes = [text_page.get_charbox(place, loose=True) for place in ends]
    # Of three characters the one of middle size: the first may be a large initial, the last a raised number.
    size = sorted(boxes, key=lambda box: box[3] - box[1])[1]
    broken = codes[end - 1] in HYPHENS or (end == len(codes) and text.endswith("-") and text[-2:-1].isalpha())
    height = max(size[3] - size[1], 0.1)
    return Line(text, boxes[0][0], boxes[2][2], size[1], size[1] + height, broken)


def clean(codes: list[int]) -> str:
    """Character codes as text: ligatures apart, composed, no invisible characters, single spaces."""
    text = "".join("-" if code in HYPHENS else chr(code) for code in _joined(codes))
    if not text.isascii():
        text = "".join(_apart(character) for character in text)
        text = unicodedata.normalize("NFC", text)
    return " ".join(visible(text).split())


def _joined(codes: list[int]) -> list[int]:
    """UTF-16 units as code points; halves of a pair that stand alone are left out."""
    if not any(0xD800 <= code < 0xE000 for code in codes):
        return codes
    units = b"".join(code.to_bytes(2, "little") for code in codes if code <= 0xFFFF)
    return [ord(character) for character in units.decode("utf-16-le", "ignore")]


def _apart(character: str) -> str:
    # The block of Latin ligatures: ﬀ ﬁ ﬂ ﬃ ﬄ ﬅ ﬆ. Others, such as ², keep their meaning.
    return unicodedata.normalize("NFKC", character) if "\ufb00" <= character <= "\ufb06" else character
