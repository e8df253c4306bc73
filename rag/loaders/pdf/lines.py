"""A PDF page → its lines in the order of the file, with their words and where they stand."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from math import inf
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag.loaders.guard.hidden import note_hidden
from rag.loaders.guard.invisible import visible
from rag.loaders.raised import lowered, raised

from .chars import Chars, page_chars, unchecked
from .drawn import PALE, Box, Drawn, Ground

# PDFium's signs for a hyphen that ends a line, as character codes: the line break itself is left out.
HYPHENS = (0x02, 0xFFFE)
_NEWLINES = (0x0A, 0x0D)
_TINY = 1.6  # points; letters of this height are dust
# Multiples of the height of a line.
WIDE = 0.95
_RAISED = 0.15
_LOWERED = 0.25
_SMALLER = 0.88
_RISEN = 0.3
_APART = 1.0
_BACK = 3.0
_BEHIND = (
    12  # characters that tell whether a raised number is a power: they may be drawn as a line of their own
)
_BOLD = re.compile(r"bold|black|heavy|demi|-bd\b|,bd\b", re.IGNORECASE)
_LONGEST_HEADING = 160


class Word(NamedTuple):
    """Letters without a space between, from `left` to `right` in points.

    They are PDFium's characters `first` to `behind` of the page; -1 where they are none of them, and stand
    between the heights `low` and `high`.
    """

    text: str
    left: float
    right: float
    first: int = -1
    behind: int = -1
    low: float = 0.0
    high: float = 0.0


class Line(NamedTuple):
    """A line of text. Points from the page's lower left corner; `top` and `bottom` are the font's.

    `broken`: the last word goes on in the next line; its hyphen is the text's last character. `upright`:
    written from top to bottom. `form`: the value of a field, not letters of the page. `entry`: of a table of
    contents, with its page.
    """

    text: str
    left: float
    right: float
    bottom: float
    top: float
    broken: bool = False
    words: tuple[Word, ...] = ()
    bold: bool = False
    upright: bool = False
    form: bool = False
    entry: bool = False

    @property
    def height(self) -> float:
        """Height of the font, in points."""
        return self.top - self.bottom

    def has_gap(self) -> bool:
        """Whether two words stand so far apart that they may be in columns of their own."""
        wide = WIDE * (self.top - self.bottom)
        right = inf
        for word in self.words:
            if word.left - right > wide:
                return True
            right = word.right
        return False


def page_lines(page: Any, drawn: Drawn | None = None) -> list[Line]:
    """The lines of a pypdfium2 page that it shows; none where it has no text.

    What lies outside the page, or what `drawn` shows to be without ink, is left out and noted as hidden.
    """
    text_page = page.get_textpage()
    try:
        chars = page_chars(text_page)
        kept = _shown(text_page, page, chars, drawn or Drawn())
        return _lines(text_page, chars, kept) if len(kept) else []
    finally:
        text_page.close()


def _shown(text_page: Any, page: Any, chars: Chars, drawn: Drawn) -> NDArray[np.bool_]:
    """Which characters a person can see on the page; the others are noted."""
    boxes = chars.boxes
    kept = np.ones(len(chars.codes), bool)
    if not len(kept):
        return kept
    inked = chars.codes > 0x20
    crop = _page_box(page)
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    reasons: list[tuple[str, NDArray[np.bool_]]] = [
        ("outside the page", (x < crop.left) | (x > crop.right) | (y < crop.bottom) | (y > crop.top)),
        ("size of zero", (boxes[:, 3] - boxes[:, 1] < _TINY) & (boxes[:, 2] - boxes[:, 0] < _TINY)),
    ]
    ground = Ground(page)
    if drawn.unseen or drawn.pale:
        reasons += _without_ink(text_page, ground, chars, drawn)
    if drawn.layered:
        reasons.append(("on a layer that is off", _switched_off(text_page, ground, chars)))
    if drawn.clips:
        reasons.append(("clipped away", _clipped(text_page, ground, chars, drawn.clips)))
    for why, mask in reasons:
        gone = mask & inked & kept
        if gone.any():
            # Spaces go with the letters around them.
            text = clean(
                [
                    code if lost else 0x20
                    for code, lost in zip(chars.codes.tolist(), gone.tolist(), strict=True)
                ]
            )
            if any(map(str.isalnum, text)):
                note_hidden(f"characters of text ({why})", len(text))
            kept &= ~gone
    return kept


def _without_ink(
    text_page: Any, ground: Ground, chars: Chars, drawn: Drawn
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Letters drawn with nothing, or white on white. Over an image they are a scan's text layer."""
    from pypdfium2 import raw

    count = len(chars.codes)
    unseen, pale = np.zeros(count, bool), np.zeros(count, bool)
    parts = [ctypes.c_uint() for _ in range(4)]
    for place in np.flatnonzero(chars.codes > 0x20).tolist():
        box = chars.boxes[place].tolist()
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        thing = raw.FPDFText_GetTextObject(text_page, place)
        mode = raw.FPDFTextObj_GetTextRenderMode(thing) if thing else 0
        coloured = raw.FPDFText_GetFillColor(text_page, place, *parts)
        red, green, blue, alpha = (part.value for part in parts)
        if mode in (3, 7) or (coloured and alpha < 16):
            unseen[place] = not any(_holds(image, x, y) for image in drawn.images)
        elif coloured and mode in (0, 4) and min(red, green, blue) >= PALE:
            dark = any(is_dark and _holds(area, x, y) for area, is_dark in drawn.fills)
            over = dark or any(_holds(image, x, y) for image in drawn.images)
            # Shadings and patterns have no one colour: what is drawn there tells.
            pale[place] = not over and ground.is_pale(Box(*box))
    return [("drawn without ink", unseen), ("colour of its background", pale)]


def _switched_off(text_page: Any, ground: Ground, chars: Chars) -> NDArray[np.bool_]:
    """Letters of text objects of which the page shows nothing, though they are to be drawn with ink."""
    from pypdfium2 import raw

    count = len(chars.codes)
    of_object: dict[int, list[int]] = {}
    for place in np.flatnonzero(chars.codes > 0x20).tolist():
        thing = raw.FPDFText_GetTextObject(text_page, place)
        if thing and raw.FPDFTextObj_GetTextRenderMode(thing) not in (3, 7):
            address = ctypes.cast(thing, ctypes.c_void_p).value or 0
            of_object.setdefault(address, []).append(place)
    off = np.zeros(count, bool)
    for places in of_object.values():
        if all(ground.is_even(Box(*chars.boxes[place].tolist())) for place in places):
            off[places] = True
    return off


def _clipped(
    text_page: Any, ground: Ground, chars: Chars, clips: Mapping[int, tuple[Box, bool]]
) -> NDArray[np.bool_]:
    """Letters outside of the path that their object is clipped to; what the page shows tells in doubt."""
    from pypdfium2 import raw

    away = np.zeros(len(chars.codes), bool)
    for place in np.flatnonzero(chars.codes > 0x20).tolist():
        thing = raw.FPDFText_GetTextObject(text_page, place)
        clip = clips.get(ctypes.cast(thing, ctypes.c_void_p).value or 0) if thing else None
        if clip and raw.FPDFTextObj_GetTextRenderMode(thing) not in (3, 7):
            box = Box(*chars.boxes[place].tolist())
            middle = (box.left + box.right) / 2, (box.bottom + box.top) / 2
            away[place] = not _holds(clip[0], *middle) and (clip[1] or ground.is_even(box))
    return away


def _page_box(page: Any) -> Box:
    """What a page shows: its crop box, as far as that lies on the medium (ISO 32000-1, 14.11.2)."""
    crop, medium = Box(*page.get_cropbox()), Box(*page.get_mediabox())
    return Box(
        max(crop.left, medium.left),
        max(crop.bottom, medium.bottom),
        min(crop.right, medium.right),
        min(crop.top, medium.top),
    )


def _holds(box: Box, x: float, y: float) -> bool:
    return box.left <= x <= box.right and box.bottom <= y <= box.top


_Run: TypeAlias = tuple[int, int, float, float, float, bool, bool]
"""A word: its first character and the one behind it, its left and right edge, how tall its first letter is,
whether its letters differ in height, and whether they are all of ASCII."""


def _lines(text_page: Any, chars: Chars, kept: NDArray[np.bool_]) -> list[Line]:
    """The lines of a page. A line ends at a newline, or at the sign for a hyphen in place of one."""
    codes, boxes = chars.codes, chars.boxes
    hyphens = (codes == HYPHENS[0]) | (codes == HYPHENS[1])
    newlines = (codes == _NEWLINES[0]) | (codes == _NEWLINES[1])
    places = np.flatnonzero(((codes > 0x20) | hyphens) & kept)
    if not len(places):
        return []
    # The number of the line that each letter is in: a hyphen ends the line it is on.
    ended = np.cumsum(newlines | np.concatenate(([False], hyphens[:-1])))[places]
    tall = boxes[places, 3] - boxes[places, 1]
    # A word ends where a space stands, or a gap that no space filled.
    gaps = boxes[places[1:], 0] - boxes[places[:-1], 2]
    # Letters of one size at another height behind a wide gap are in a cell beside the line.
    rise = np.abs(np.diff(boxes[places, 1]))
    wide = boxes[places, 2] - boxes[places, 0]
    aside = (gaps > _APART * tall[1:]) | (gaps < -_BACK * np.maximum(tall, wide)[1:])
    ended[1:] += np.cumsum((rise > _RISEN * tall[1:]) & aside & (np.abs(np.diff(tall)) < 0.1 * tall[1:]))
    new_line = np.diff(ended) > 0
    new_word = new_line | (np.diff(places) > 1) | (gaps > WIDE * np.maximum(tall[1:], 0.1))
    starts = np.concatenate(([0], np.flatnonzero(new_word) + 1))
    stops = np.concatenate((starts[1:], [len(places)])) - 1
    odd = np.minimum.reduceat(tall, starts) < _SMALLER * np.maximum.reduceat(tall, starts)
    line_of = ended[starts]
    # Where letters go down and not across.
    steps = np.diff((boxes[places, 1] + boxes[places, 3]) / 2)
    aside = np.abs(np.diff(boxes[places, 2]))
    down = (
        (steps < -1)
        & (aside < 0.6 * np.maximum(boxes[places[1:], 2] - boxes[places[1:], 0], 0.1))
        & ~new_line
    )
    downs = np.concatenate(([0], np.cumsum(down)))
    paired = ((codes >= 0xD800) & (codes < 0xE000)) | (codes > 0xFFFF)
    text = codes.astype("<u2").tobytes().decode("utf-16-le") if not paired.any() else ""
    ascii_ = (codes > 0x20) & (codes < 0x7F) & bool(text)
    page = _Page(ctypes.cast(text_page.raw, ctypes.c_void_p).value or 0, text, codes, boxes)
    lines: list[Line] = []
    # All at once: single numbers are slow to take out of an array.
    runs: list[_Run] = list(
        zip(
            places[starts].tolist(),
            (places[stops] + 1).tolist(),
            boxes[places[starts], 0].tolist(),
            boxes[places[stops], 2].tolist(),
            tall[starts].tolist(),
            odd.tolist(),
            np.logical_and.reduceat(ascii_[places], starts).tolist(),
            strict=True,
        )
    )
    firsts = np.flatnonzero(np.concatenate(([True], np.diff(line_of) > 0)))
    lows, highs = starts[firsts], stops[np.concatenate((firsts[1:], [len(starts)])) - 1]
    upright = (highs - lows > 1) & (downs[highs] - downs[lows] == highs - lows)
    threes = places[np.stack((lows, (lows + highs + 1) // 2, highs), axis=1)]
    for first, behind, low, high, is_upright, three, sizes in zip(
        firsts.tolist(),
        [*firsts[1:].tolist(), len(runs)],
        lows.tolist(),
        highs.tolist(),
        upright.tolist(),
        threes.tolist(),
        boxes[threes].tolist(),
        strict=True,
    ):
        if is_upright:
            line = page.upright(places[low : high + 1].tolist())
        else:
            line = page.line(three, sizes, runs[first:behind])
        if line is not None:
            lines.append(line)
    return lines


class _Page(NamedTuple):
    """A page while its lines are made. `text`: one character a code; `` where there are pairs."""

    handle: int
    text: str
    codes: NDArray[np.int64]
    boxes: NDArray[np.float32]

    def upright(self, places: Sequence[int]) -> Line | None:
        """A line that is written from top to bottom."""
        text = clean(self.codes[places[0] : places[-1] + 1].tolist())
        lefts, bottoms, rights, tops = self.boxes[places].T.tolist()
        if not text:
            return None
        left, right = min(lefts), max(rights)
        word = Word(text, left, right, places[0], places[-1] + 1)
        return Line(text, left, right, min(bottoms), max(tops), words=(word,), upright=True)

    def line(
        self, three: Sequence[int], boxes: Sequence[Sequence[float]], runs: Sequence[_Run]
    ) -> Line | None:
        """The line of some words; `three` are the places of its first, middle and last letter, with boxes."""
        # Of three letters the one of middle size: the first may be an initial, the last a raised number.
        size = sorted(boxes, key=_tall)[1]
        height = max(size[3] - size[1], 0.1)
        words: list[Word] = []
        turned = abs(boxes[2][1] - boxes[0][1]) > max(abs(boxes[2][2] - boxes[0][0]), height)
        for start, end, left, right, tall, odd, is_ascii in runs:
            if (odd or tall < _SMALLER * height) and not turned:
                near = words and left - words[-1].right < 0.15 * height
                text = _marked(
                    self.codes[start:end].tolist(),
                    self.boxes[start:end].tolist(),
                    size,
                    words[-1].text if near else "",
                    f" {clean(self.codes[end : end + _BEHIND].tolist())}",
                )
            else:
                text = self.text[start:end] if is_ascii else clean(self.codes[start:end].tolist())
            if text:
                words.append(Word(text, left, right, start, end))
        if not words:
            return None
        text = " ".join(word.text for word in words)
        last = three[2]
        broken = int(self.codes[last]) in HYPHENS or (
            last + 1 == len(self.codes) and text.endswith("-") and text[-2:-1].isalpha()
        )
        bold = len(text) <= _LONGEST_HEADING and all(
            _is_bold(self.handle, place) for place in (three[0], last)
        )
        # The hyphen that a break needed is no part of what fills the line.
        edge = last - 1 if broken and int(self.codes[last - 1]) > 0x20 else last
        left, right = boxes[0][0], boxes[2][2] if edge == last else float(self.boxes[edge, 2])
        return Line(text, left, right, size[1], size[1] + height, broken, tuple(words), bold)


def _tall(box: Sequence[float]) -> float:
    return box[3] - box[1]


def _marked(
    codes: Sequence[int],
    boxes: Sequence[Sequence[float]],
    size: Sequence[float],
    before: str,
    after: str,
) -> str:
    """A word with raised and lowered letters, its digits kept apart from theirs; `after` is the next word."""
    height = max(size[3] - size[1], 0.1)
    text = ""
    run: list[int] = []
    kind = ""
    for place, (code, (_, bottom, _, top)) in enumerate(zip([*codes, 0], [*boxes, [0.0] * 4], strict=True)):
        this = "end"
        if code:
            small = top - bottom < _SMALLER * height
            rise = bottom - size[1]
            this = "up" if small and rise > _RAISED * height else ""
            this = (
                "down"
                if small and not this and top - size[3] < -_LOWERED * height and rise < 0.03 * height
                else this
            )
        if this != kind and run:
            piece = clean(run)
            base = before + text
            # A note that opens a line or a word of its own has nothing to run into.
            text += (
                raised(base, piece, clean(codes[place:]) or after)
                if kind == "up" and base
                else lowered(base, piece)
                if kind == "down"
                else piece
            )
            run = []
        kind = this
        run.append(code)
    return text


def _is_bold(handle: int, place: int) -> bool:
    font_info, name, name_at, flags, flags_at = _font_info()
    font_info(handle, place, name_at, len(name), flags_at)
    return bool(flags.value & (1 << 18)) or _names_bold(name.value)


@lru_cache(1000)
def _names_bold(name: bytes) -> bool:
    return bool(_BOLD.search(name.decode("utf-8", "replace")))


@cache
def _font_info() -> tuple[Any, Any, int, Any, int]:
    from pypdfium2 import raw

    handle, size = ctypes.c_void_p, ctypes.c_ulong
    function = unchecked(raw.FPDFText_GetFontInfo, size, handle, ctypes.c_int, handle, size, handle)
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    return function, name, ctypes.addressof(name), flags, ctypes.addressof(flags)


def clean(codes: Sequence[int]) -> str:
    """Character codes as text: ligatures apart, composed, no invisible characters, single spaces."""
    text = "".join("-" if code in HYPHENS else chr(code) for code in _joined(codes))
    if not text.isascii():
        text = "".join(_apart(character) for character in text)
        text = unicodedata.normalize("NFC", text)
    return " ".join(visible(text).split())


def _joined(codes: Sequence[int]) -> Sequence[int]:
    """UTF-16 units as code points; halves of a pair that stand alone are left out."""
    if not any(0xD800 <= code < 0xE000 for code in codes):
        return codes
    units = b"".join(code.to_bytes(2, "little") for code in codes if code <= 0xFFFF)
    return [ord(character) for character in units.decode("utf-16-le", "ignore")]


def _apart(character: str) -> str:
    # The block of Latin ligatures: ﬀ ﬁ ﬂ ﬃ ﬄ ﬅ ﬆ. Others, such as ², keep their meaning.
    return unicodedata.normalize("NFKC", character) if "\ufb00" <= character <= "\ufb06" else character
