"""The characters of a page and where they stand, asked of PDFium with as little between as can be."""

from __future__ import annotations

import ctypes
from collections import deque
from functools import cache
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_HYPHEN = 0x02  # PDFium's sign for one that ends a line


class Chars(NamedTuple):
    """`codes`: UTF-16 units (n). `boxes`: left, bottom, right, top of each (n, 4), points, font height.

    Blanks have no box: all zeros.
    """

    codes: NDArray[np.int64]
    boxes: NDArray[np.float32]


def page_chars(text_page: Any) -> Chars:
    """Every character of a PDFium text page, in its order."""
    count = text_page.count_chars()
    unicode_of, box_of, text_of = _functions()
    handle = ctypes.cast(text_page.raw, ctypes.c_void_p).value
    units = np.zeros(count + 1, np.uint16)
    # All at once, where each character of the page is one of the text; else one by one.
    if count and text_of(handle, 0, count, units.ctypes.data) == count + 1 and units[:count].all():
        codes = units[:count].astype(np.int64)
    else:
        codes = np.fromiter(map(unicode_of, repeat(handle), range(count)), np.int64, count)
    # FS_RECTF: left, top, right, bottom, four floats.
    rects = np.zeros((count, 4), np.float32)
    address, step = rects.ctypes.data, 16
    inked = np.flatnonzero((codes > 0x20) | (codes == _HYPHEN))
    addresses = (address + step * inked).tolist()
    deque(map(box_of, repeat(handle), inked.tolist(), addresses), maxlen=0)
    return Chars(codes, rects[:, [0, 3, 2, 1]])


@cache
def _functions() -> tuple[Any, Any, Any]:
    from pypdfium2 import raw

    handle, number = ctypes.c_void_p, ctypes.c_int
    return (
        unchecked(raw.FPDFText_GetUnicode, ctypes.c_uint, handle, number),
        unchecked(raw.FPDFText_GetLooseCharBox, number, handle, number, handle),
        unchecked(raw.FPDFText_GetText, number, handle, number, number, handle),
    )


def unchecked(function: Any, *arguments: Any) -> Any:
    """A function of PDFium without the checks of its arguments, which take longer than the calls.

    `arguments`: type of the result, then of each argument; handles and buffers are numbers, their addresses.
    """
    return ctypes.PYFUNCTYPE(*arguments)(ctypes.cast(function, ctypes.c_void_p).value or 0)
