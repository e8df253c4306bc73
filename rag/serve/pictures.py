"""A page of a PDF as a picture with the quoted characters marked, drawn in a process of its own.

PDFium is one thread's at a time, and a hostile file may hang or crash it: then that process ends, the request
gets an error, and the next one a fresh process.
"""

from __future__ import annotations

import hashlib
import struct
import threading
import time
import zlib
from collections import OrderedDict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as Late
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

from .marks import Aligned, Box, align, boxes, follow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.loaders.pdf.reflow import Part, Reflowed

MOST_PIXELS = 16_000_000
_YELLOW = (1.0, 0.86, 0.28)  # what white becomes, by channel
_ROOM = 1.0  # pixels around the characters
_KEPT = 2  # files whose words are kept
_SHARE = 0.5  # of the time that a page may take: for reading the file again


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
                work = self._pool.submit(draw, wanted, picture, _SHARE * self._seconds)
                drawn = work.result(self._seconds)
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


def draw(wanted: Wanted, picture: bool = True, seconds: float = 10.0) -> Picture | str:
    """What `Pictures` runs in its process; text is the reason why there is no picture.

    `seconds`: how long the file may be read again for the places of its words.
    """
    from pypdfium2 import PdfDocument, PdfiumError

    from rag.loaders.pdf.forms import open_form

    try:
        parts = _parts(wanted, seconds) if wanted.start < wanted.end else None
        pdf = PdfDocument(wanted.data)
        try:
            open_form(pdf)  # else values of fields are not drawn
            if not 1 <= wanted.number <= len(pdf):
                return f"there is no page {wanted.number}: the file has {len(pdf)}"
            page = pdf[wanted.number - 1]
            try:
                return _drawn(page, wanted, parts, picture)
            finally:
                page.close()
        finally:
            pdf.close()
    except PdfiumError as error:
        return f"the page cannot be drawn ({error})"


_flows: OrderedDict[bytes, Reflowed | None] = OrderedDict()


def _parts(wanted: Wanted, seconds: float) -> list[Part] | None:
    """The words of the page in the document's text; None where the file gives another, or is too large."""
    from rag.errors import LoadError
    from rag.loaders import Limits
    from rag.loaders.pdf.loader import flowed

    key = hashlib.blake2b(wanted.data, digest_size=16).digest()
    if key not in _flows:
        most = max(len(wanted.data), Limits().max_chars)
        try:
            _flows[key] = flowed(wanted.data, Limits(max_pages=most), time.monotonic() + seconds)
        except (LoadError, TimeoutError):
            _flows[key] = None
        while len(_flows) > _KEPT:
            _flows.popitem(last=False)
    _flows.move_to_end(key)
    flow = _flows[key]
    end = wanted.first + len(wanted.page)
    if flow is None or flow.text[wanted.first : end] != wanted.page:
        return None
    return [part for part in flow.parts if part.page == wanted.number - 1]


def _drawn(page: Any, wanted: Wanted, parts: list[Part] | None, picture: bool) -> Picture | str:
    across, down = page.get_size()
    if across <= 0 or down <= 0:
        return "the page has no size"
    scale = min(wanted.width / across, (MOST_PIXELS / (across * down)) ** 0.5)
    width, height = max(1, round(across * scale)), max(1, round(down * scale))
    spans, exact = _boxes_of(page, wanted, parts, width, height)
    png = b""
    if picture:
        pixels = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False).to_numpy()
        height, width = pixels.shape[:2]
        png = as_png(marked(pixels, spans))
    return Picture(png, width, height, spans, exact)


def _boxes_of(
    page: Any, wanted: Wanted, parts: list[Part] | None, width: int, height: int
) -> tuple[list[Box], bool]:
    """Where the span stands, and whether every character of it was found."""
    if wanted.start >= wanted.end:
        return [], True
    text_page = page.get_textpage()
    try:
        aligned = aligned_with(wanted.page, wanted.first, parts, page_characters(text_page))
        places, exact = places_of(aligned, wanted.start, wanted.end)
        cells = boxes(places, lambda place: _box(page, text_page, place, width, height))
        typed = [
            _in_pixels(page, (word.left, word.low, word.right, word.high), width, height)
            for start, end, word in aligned.typed
            if start < wanted.end and wanted.start < end
        ]
        return [*cells, *typed], exact
    finally:
        text_page.close()


def aligned_with(page: str, first: int, parts: list[Part] | None, characters: list[str]) -> Aligned:
    """A page's text, from offset `first` of the document on, and PDFium's characters brought together."""
    if parts is None:
        return align(page, first, characters)
    return follow(page, first, characters, parts)


def places_of(aligned: Aligned, start: int, end: int) -> tuple[list[int], bool]:
    """The places of a span's characters, in the order of the text, and whether all of them have one."""
    needed = [offset for offset in range(start, end) if offset in aligned.wanted]
    places = [aligned.places[offset] for offset in needed if offset in aligned.places]
    return places, len(places) == len(needed)


def page_characters(text_page: Any) -> list[str]:
    """The page's characters by PDFium's own index; halves of a pair stand with the first of the two."""
    from pypdfium2 import raw

    codes = [raw.FPDFText_GetUnicode(text_page, at) for at in range(text_page.count_chars())]
    characters: list[str] = []
    skip = False
    for at, code in enumerate(codes):
        if skip:
            characters.append("")
            skip = False
        elif 0xD800 <= code < 0xDC00 and at + 1 < len(codes) and 0xDC00 <= codes[at + 1] < 0xE000:
            characters.append(chr(0x10000 + ((code - 0xD800) << 10) + codes[at + 1] - 0xDC00))
            skip = True
        else:
            characters.append("" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code))
    return characters


def _box(page: Any, text_page: Any, place: int, width: int, height: int) -> Box:
    return _in_pixels(page, text_page.get_charbox(place, loose=True), width, height)


def _in_pixels(page: Any, box: tuple[float, float, float, float], width: int, height: int) -> Box:
    """A rectangle of the page, from points to pixels, wherever the page is turned to."""
    from ctypes import byref, c_int

    from pypdfium2 import raw

    left, bottom, right, top = box
    # In hundredths of a pixel, since PDFium gives whole numbers.
    corners = []
    for across, down in ((left, bottom), (right, top)):
        x, y = c_int(), c_int()
        raw.FPDF_PageToDevice(page, 0, 0, width * 100, height * 100, 0, across, down, byref(x), byref(y))
        corners.append((x.value / 100, y.value / 100))
    (x0, y0), (x1, y1) = corners
    return Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def marked(pixels: NDArray[np.uint8], spans: list[Box]) -> NDArray[np.uint8]:
    """The pixels, shape (height, width, 3), with the boxes coloured as by a marker: ink stays dark."""
    import numpy as np

    out = pixels[:, :, :3].copy()
    height, width = out.shape[:2]
    for box in spans:
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
