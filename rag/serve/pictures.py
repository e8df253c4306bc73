"""A page of a PDF as a picture with the quoted characters marked, drawn in a process of its own.

PDFium is one thread's at a time, and a hostile file may hang or crash it: then that process ends, the request
gets an error, and the next one a fresh process.
"""

from __future__ import annotations

import struct
import threading
import zlib
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as Late
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

from .marks import Aligned, Box, align, boxes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_PIXELS = 16_000_000
_YELLOW = (1.0, 0.86, 0.28)  # what white becomes, by channel
_ROOM = 1.0  # pixels around the characters


class Wanted(NamedTuple):
    """Page `number`, from 1, of a document: its text from `first` on, and the span to mark."""

    data: bytes
    number: int
    page: str
    first: int
    start: int
    end: int
    width: int


class Picture(NamedTuple):
    """A drawn page. `boxes` are where the span stands, in pixels; `exact`: all of it was found."""

    png: bytes
    width: int
    height: int
    boxes: list[Box]
    exact: bool


class NotDrawn(Exception):
    """A page that cannot be drawn, and why."""


class Pictures:
    """Draws pages, one after another, in one other process that is started when it is first needed."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._lock = seconds, threading.Lock()
        self._pool: ProcessPoolExecutor | None = None

    def draw(self, wanted: Wanted, *, picture: bool = True) -> Picture:
        """Raises NotDrawn for a page that cannot be drawn, or not in time."""
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(1, get_context("spawn"))
            try:
                drawn = self._pool.submit(draw, wanted, picture).result(self._seconds)
            except Late:
                self._end(kill=True)
                raise NotDrawn(f"the page was not drawn within {self._seconds:g} s") from None
            except BrokenProcessPool:
                self._end()
                raise NotDrawn("the page could not be drawn: the file is broken") from None
        if isinstance(drawn, str):
            raise NotDrawn(drawn)
        return drawn

    def close(self) -> None:
        with self._lock:
            self._end()

    def _end(self, *, kill: bool = False) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            if kill:
                for process in list((pool._processes or {}).values()):
                    process.kill()
            pool.shutdown(wait=not kill, cancel_futures=True)


def draw(wanted: Wanted, picture: bool = True) -> Picture | str:
    """What `Pictures` runs in its process; text is the reason why there is no picture."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        pdf = PdfDocument(wanted.data)
        try:
            if not 1 <= wanted.number <= len(pdf):
                return f"there is no page {wanted.number}: the file has {len(pdf)}"
            page = pdf[wanted.number - 1]
            try:
                return _drawn(page, wanted, picture)
            finally:
                page.close()
        finally:
            pdf.close()
    except PdfiumError as error:
        return f"the page cannot be drawn ({error})"


def _drawn(page: Any, wanted: Wanted, picture: bool) -> Picture | str:
    across, down = page.get_size()
    if across <= 0 or down <= 0:
        return "the page has no size"
    scale = min(wanted.width / across, (MOST_PIXELS / (across * down)) ** 0.5)
    width, height = max(1, round(across * scale)), max(1, round(down * scale))
    found, exact = _found(page, wanted, width, height)
    png = b""
    if picture:
        pixels = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False).to_numpy()
        height, width = pixels.shape[:2]
        png = as_png(marked(pixels, found))
    return Picture(png, width, height, found, exact)


def _found(page: Any, wanted: Wanted, width: int, height: int) -> tuple[list[Box], bool]:
    """Where the span stands, and whether every character of it was found."""
    if wanted.start >= wanted.end:
        return [], True
    text_page = page.get_textpage()
    try:
        aligned = align(wanted.page, wanted.first, page_characters(text_page))
        places, exact = _places(aligned, wanted)
        return boxes(places, lambda place: _box(page, text_page, place, width, height)), exact
    finally:
        text_page.close()


def _places(aligned: Aligned, wanted: Wanted) -> tuple[list[int], bool]:
    from .marks import folded

    start, end = max(wanted.start, wanted.first), min(wanted.end, wanted.first + len(wanted.page))
    needed = set(folded(wanted.page[start - wanted.first : end - wanted.first], start).places)
    return [aligned.places[one] for one in needed & aligned.places.keys()], needed <= aligned.places.keys()


def page_characters(text_page: Any) -> list[str]:
    """The page's characters by PDFium's own index; halves of a pair stand with the first of the two."""
    from pypdfium2 import raw

    codes = [raw.FPDFText_GetUnicode(text_page, at) for at in range(text_page.count_chars())]
    found: list[str] = []
    skip = False
    for at, code in enumerate(codes):
        if skip:
            found.append("")
            skip = False
        elif 0xD800 <= code < 0xDC00 and at + 1 < len(codes) and 0xDC00 <= codes[at + 1] < 0xE000:
            found.append(chr(0x10000 + ((code - 0xD800) << 10) + codes[at + 1] - 0xDC00))
            skip = True
        else:
            found.append("" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code))
    return found


def _box(page: Any, text_page: Any, place: int, width: int, height: int) -> Box:
    """The character's cell in pixels, wherever the page is turned to."""
    from ctypes import byref, c_int

    from pypdfium2 import raw

    left, bottom, right, top = text_page.get_charbox(place, loose=True)
    # In hundredths of a pixel, since PDFium gives whole numbers.
    corners = []
    for across, down in ((left, bottom), (right, top)):
        x, y = c_int(), c_int()
        raw.FPDF_PageToDevice(page, 0, 0, width * 100, height * 100, 0, across, down, byref(x), byref(y))
        corners.append((x.value / 100, y.value / 100))
    (x0, y0), (x1, y1) = corners
    return Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def marked(pixels: NDArray[np.uint8], found: list[Box]) -> NDArray[np.uint8]:
    """The pixels, shape (height, width, 3), with the boxes coloured as by a marker: ink stays dark."""
    import numpy as np

    out = pixels[:, :, :3].copy()
    height, width = out.shape[:2]
    for box in found:
        top, bottom = max(0, int(box.top - _ROOM)), min(height, int(box.bottom + _ROOM) + 1)
        left, right = max(0, int(box.left - _ROOM)), min(width, int(box.right + _ROOM) + 1)
        part = pixels[top:bottom, left:right, :3]
        out[top:bottom, left:right] = (part * np.array(_YELLOW)).astype(np.uint8)
    return out


def as_png(pixels: NDArray[np.uint8]) -> bytes:
    """RGB pixels, shape (height, width, 3), as a PNG file (RFC 2083), each row filtered by the one above."""
    import numpy as np

    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, width * 3)
    above = np.vstack([np.zeros((1, width * 3), np.uint8), rows[:-1]])
    filtered = np.empty((height, width * 3 + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[:, 1:] = rows - above
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 3)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(name, data) for name, data in parts)


def _part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
