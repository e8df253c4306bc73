"""What is drawn on a page besides letters: rules, filled areas and images; and letters that draw nothing."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chars import unchecked

# A page of more objects is a map or a drawing: its lines rule no table.
MOST_OBJECTS = 20_000
_MOST_SEGMENTS = 600
_DEEPEST = 4
_MOST_SIDE = 2000  # pixels
_EVEN = 6  # of 255
_THIN = 2.5  # points; what is thinner is a rule
PALE = 235
"""Of 255: lighter letters need something dark behind them."""


class Box(NamedTuple):
    """A rectangle in points from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float


Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)


@dataclass(slots=True)
class Drawn:
    """`across` and `down` are rules: (place, from, to). `fills` are areas with whether they are dark.

    `unseen` says whether a text object draws nothing, `pale` whether one is nearly white: only then are
    single letters looked at. `layered`: some may lie on a layer that is off. `lost` counts text objects that
    hold letters of a font without shapes or widths. `clips` has, by the address of a text object that goes
    over it, the box that it is clipped to, and whether that is sure: within a form it is not.
    """

    across: list[tuple[float, float, float]] = field(default_factory=list)
    down: list[tuple[float, float, float]] = field(default_factory=list)
    fills: list[tuple[Box, bool]] = field(default_factory=list)
    images: list[Box] = field(default_factory=list)
    unseen: bool = False
    pale: bool = False
    layered: bool = False
    lost: int = 0
    clips: dict[int, tuple[Box, bool]] = field(default_factory=dict)


class _Pdfium:
    """The calls of PDFium that a page of thousands of objects needs, with buffers that they write into."""

    def __init__(self) -> None:
        from pypdfium2 import raw

        handle, number, size = ctypes.c_void_p, ctypes.c_int, ctypes.c_ulong
        self.count = unchecked(raw.FPDFPage_CountObjects, number, handle)
        self.get = unchecked(raw.FPDFPage_GetObject, handle, handle, number)
        self.count_in = unchecked(raw.FPDFFormObj_CountObjects, number, handle)
        self.get_in = unchecked(raw.FPDFFormObj_GetObject, handle, handle, size)
        self.kind = unchecked(raw.FPDFPageObj_GetType, number, handle)
        self.mode = unchecked(raw.FPDFTextObj_GetTextRenderMode, number, handle)
        self.marks = unchecked(raw.FPDFPageObj_CountMarks, number, handle)
        self.mark = unchecked(raw.FPDFPageObj_GetMark, handle, handle, size)
        self._mark_name = unchecked(raw.FPDFPageObjMark_GetName, number, handle, handle, size, handle)
        self.font = unchecked(raw.FPDFTextObj_GetFont, handle, handle)
        self.embedded = unchecked(raw.FPDFFont_GetIsEmbedded, number, handle)
        self.clip = unchecked(raw.FPDFPageObj_GetClipPath, handle, handle)
        self.clips = unchecked(raw.FPDFClipPath_CountPaths, number, handle)
        self.clip_segments = unchecked(raw.FPDFClipPath_CountPathSegments, number, handle, number)
        self.clip_segment = unchecked(raw.FPDFClipPath_GetPathSegment, handle, handle, number, number)
        self.draw_mode = unchecked(raw.FPDFPath_GetDrawMode, number, handle, handle, handle)
        self.segments = unchecked(raw.FPDFPath_CountSegments, number, handle)
        self.segment = unchecked(raw.FPDFPath_GetPathSegment, handle, handle, number)
        self.point = unchecked(raw.FPDFPathSegment_GetPoint, number, handle, handle, handle)
        self.segment_kind = unchecked(raw.FPDFPathSegment_GetType, number, handle)
        self.closes = unchecked(raw.FPDFPathSegment_GetClose, number, handle)
        self._bounds = unchecked(raw.FPDFPageObj_GetBounds, number, *[handle] * 5)
        self._colour = unchecked(raw.FPDFPageObj_GetFillColor, number, *[handle] * 5)
        self._matrix = unchecked(raw.FPDFPageObj_GetMatrix, number, handle, handle)
        self.numbers = (ctypes.c_int * 4)()
        self._name = (ctypes.c_ushort * 8)()
        self.floats = (ctypes.c_float * 6)()
        self.places = [ctypes.addressof(self.floats) + 4 * n for n in range(6)]
        self._places = [ctypes.addressof(self.numbers) + 4 * n for n in range(4)]

    def bounds(self, thing: int, matrix: Matrix) -> Box:
        """Where an object stands."""
        self._bounds(thing, *self.places[:4])
        left, bottom, right, top = self.floats[:4]
        if matrix is _IDENTITY:
            return Box(left, bottom, right, top)
        return _spanned(_point(matrix, left, bottom), _point(matrix, right, top))

    def colour(self, thing: int) -> tuple[int, int, int, int]:
        """Red, green, blue and alpha that an object is filled with; black where it names none."""
        if not self._colour(thing, *self._places):
            return 0, 0, 0, 255
        red, green, blue, alpha = self.numbers
        return red, green, blue, alpha

    def clipped(self, thing: int, matrix: Matrix) -> Box | None:
        """What the clipping paths around an object leave of the page; None where it has none."""
        clip = self.clip(thing)
        box: Box | None = None
        for path in range(max(self.clips(clip), 0) if clip else 0):
            points = []
            for place in range(min(self.clip_segments(clip, path), _MOST_SEGMENTS)):
                self.point(self.clip_segment(clip, path, place), *self.places[:2])
                points.append(_point(matrix, self.floats[0], self.floats[1]))
            if points:
                x, y = [x for x, _ in points], [y for _, y in points]
                part = Box(min(x), min(y), max(x), max(y))
                box = part if box is None else _common(box, part)
        return box

    def is_on_layer(self, thing: int) -> bool:
        """Whether an object is marked as a part of some layer (optional content, ISO 32000-1, 8.11)."""
        length = ctypes.addressof(self.numbers)
        for place in range(self.marks(thing)):
            named = self._mark_name(self.mark(thing, place), ctypes.addressof(self._name), 16, length)
            if named and self.numbers[0] == 6 and bytes(self._name)[:4] == b"O\0C\0":
                return True
        return False

    def modes(self, thing: int) -> tuple[int, int]:
        """How a path is filled, and whether it is stroked."""
        self.draw_mode(thing, *self._places[:2])
        return self.numbers[0], self.numbers[1]

    def matrix(self, thing: int) -> Matrix:
        """The matrix of an object."""
        if not self._matrix(thing, self.places[0]):
            return _IDENTITY
        a, b, c, d, e, f = self.floats
        return a, b, c, d, e, f


@cache
def _pdfium() -> _Pdfium:
    return _Pdfium()


class Ground:
    """What a page shows behind its letters, drawn when it is first asked for."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._shades: NDArray[np.uint8] | None = None

    def is_pale(self, box: Box) -> bool:
        """Whether most of a rectangle of the page is nearly white."""
        part = self._part(box)
        return not part.size or float(np.median(part)) >= PALE

    def is_even(self, box: Box) -> bool:
        """Whether nothing is to be seen in a rectangle of the page: one shade, or nearly."""
        part = self._part(box)
        return not part.size or int(part.max()) - int(part.min()) < _EVEN

    def _part(self, box: Box) -> NDArray[np.uint8]:
        from pypdfium2 import raw

        if self._shades is None:
            across, down = self._page.get_size()
            scale = min(1.0, _MOST_SIDE / max(across, down, 1.0))
            self._shades = self._page.render(scale=scale, grayscale=True).to_numpy()
        height, width = self._shades.shape[:2]
        corners = []
        for x, y in ((box.left, box.bottom), (box.right, box.top)):
            right, below = ctypes.c_int(), ctypes.c_int()
            raw.FPDF_PageToDevice(self._page, 0, 0, width, height, 0, x, y, right, below)
            corners.append((right.value, below.value))
        (x0, y0), (x1, y1) = corners
        return self._shades[max(min(y0, y1), 0) : max(y0, y1) + 1, max(min(x0, x1), 0) : max(x0, x1) + 1]


# Kinds of objects and of segments, as PDFium numbers them.
_TEXT, _PATH, _IMAGE, _FORM = 1, 2, 3, 5
_LINE_TO, _MOVE_TO = 0, 2


def drawn_on(page: Any, layered: bool = False) -> Drawn:
    """Looks once at every object of a pypdfium2 page, in forms too. `layered`: its file has layers."""
    drawn, ask = Drawn(layered=layered), _pdfium()
    fonts: dict[int, Counter[str] | None] = {}
    for count, (thing, kind, matrix) in enumerate(_objects(ask, page)):
        if kind == _TEXT:
            _text(ask, thing, matrix, drawn, fonts)
        elif kind == _IMAGE:
            drawn.images.append(ask.bounds(thing, matrix))
        elif kind == _PATH and count < MOST_OBJECTS:
            _path(ask, thing, matrix, drawn)
    for seen in filter(None, fonts.values()):
        # A lone space has no width either: a font counts as unreadable where most of its pieces have none.
        drawn.lost += seen["upright"] + (seen["empty"] if seen["empty"] > seen["full"] else 0)
    return drawn


def _objects(ask: _Pdfium, page: Any) -> Iterator[tuple[int, int, Matrix]]:
    handle = ctypes.cast(page.raw, ctypes.c_void_p).value
    stack: list[tuple[int, Matrix, int]] = [
        (ask.get(handle, place), _IDENTITY, 0) for place in reversed(range(ask.count(handle)))
    ]
    while stack:
        thing, matrix, depth = stack.pop()
        kind = ask.kind(thing)
        if kind != _FORM:
            yield thing, kind, matrix
        elif depth < _DEEPEST:
            inner = _times(ask.matrix(thing), matrix)
            count = max(ask.count_in(thing), 0)
            stack += [(ask.get_in(thing, place), inner, depth + 1) for place in reversed(range(count))]


def _text(
    ask: _Pdfium, thing: int, matrix: Matrix, drawn: Drawn, fonts: dict[int, Counter[str] | None]
) -> None:
    if ask.mode(thing) in (3, 7):
        drawn.unseen = True
    elif not (drawn.pale and drawn.unseen):
        red, green, blue, alpha = ask.colour(thing)
        if alpha < 16:
            drawn.unseen = True
        elif min(red, green, blue) >= PALE:
            drawn.pale = True
    drawn.layered = drawn.layered or ask.is_on_layer(thing)
    if (clip := ask.clipped(thing, matrix)) is not None and not _covers(clip, ask.bounds(thing, matrix)):
        drawn.clips[thing] = clip, matrix is _IDENTITY
    font = ask.font(thing) or 0
    if font not in fonts:
        fonts[font] = Counter() if font and ask.embedded(font) == 0 else None
    seen = fonts[font]
    if seen is not None:
        left, bottom, right, top = ask.bounds(thing, _IDENTITY)
        if right - left >= 0.01:
            seen["full"] += 1
        else:
            seen["upright" if top - bottom > 2 else "empty"] += 1


def _path(ask: _Pdfium, thing: int, matrix: Matrix, drawn: Drawn) -> None:
    filled, stroked = ask.modes(thing)
    box = ask.bounds(thing, matrix)
    thick = min(box.right - box.left, box.top - box.bottom) >= _THIN
    if not thick:
        if filled or stroked:
            _rule(box, drawn)
        return
    if filled:
        red, green, blue, alpha = ask.colour(thing)
        if alpha > 16:
            drawn.fills.append((box, min(red, green, blue) < PALE))
    if stroked and 2 <= (count := ask.segments(thing)) <= _MOST_SEGMENTS:
        _segments(ask, thing, count, _times(ask.matrix(thing), matrix), drawn)


def _segments(ask: _Pdfium, thing: int, count: int, matrix: Matrix, drawn: Drawn) -> None:
    """The straight lines of a path that run along the page's edges."""
    start = last = (0.0, 0.0)
    for place in range(count):
        segment = ask.segment(thing, place)
        ask.point(segment, *ask.places[:2])
        point = _point(matrix, ask.floats[0], ask.floats[1])
        kind = ask.segment_kind(segment)
        if kind == _MOVE_TO:
            start = point
        elif kind == _LINE_TO:
            _rule(_spanned(last, point), drawn)
        last = point
        if ask.closes(segment):
            _rule(_spanned(last, start), drawn)
            last = start


def _rule(box: Box, drawn: Drawn) -> None:
    wide, tall = box.right - box.left, box.top - box.bottom
    if tall < _THIN and wide >= 2 * _THIN:
        drawn.across.append(((box.bottom + box.top) / 2, box.left, box.right))
    elif wide < _THIN and tall >= 2 * _THIN:
        drawn.down.append(((box.left + box.right) / 2, box.bottom, box.top))


def _common(one: Box, other: Box) -> Box:
    return Box(
        max(one.left, other.left),
        max(one.bottom, other.bottom),
        min(one.right, other.right),
        min(one.top, other.top),
    )


def _covers(one: Box, other: Box) -> bool:
    near = _THIN
    return (
        one.left - near <= other.left
        and one.bottom - near <= other.bottom
        and one.right + near >= other.right
        and one.top + near >= other.top
    )


def _spanned(first: tuple[float, float], other: tuple[float, float]) -> Box:
    return Box(
        min(first[0], other[0]), min(first[1], other[1]), max(first[0], other[0]), max(first[1], other[1])
    )


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _point(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
