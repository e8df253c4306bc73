"""Letters in a picture → lines, their places and how sure they are (RapidOCR: PP-OCR in ONNX; extra `[ocr]`).

What was read of a picture is kept by the hash of its pixels, so that none is read twice. Latin letters and
Chinese and Japanese signs are read; lines in other scripts (Cyrillic, Arabic, Hangul, …) count as unread.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SURE = 0.9
"""Confidence from which a line counts as read for sure."""
_UNREAD = 0.5  # below this what comes out is no text
_VERSION = 1  # raised when the same picture is read differently
_ONE_AT_A_TIME = threading.Lock()


class Seen(NamedTuple):
    """A line of a picture: its text, how sure (0 to 1), and its place in pixels from the upper left corner.

    `words`: (text, left, right) of each.
    """

    text: str
    score: float
    left: float
    top: float
    right: float
    bottom: float
    words: tuple[tuple[str, float, float], ...] = ()


class Reading(NamedTuple):
    """The lines of a picture, and how many others hold something that could not be read."""

    lines: list[Seen]
    unread: int


def available() -> bool:
    """Whether the extra `[ocr]` is installed."""
    return find_spec("rapidocr") is not None


def read_picture(pixels: NDArray[np.uint8]) -> Reading:
    """The lines of a picture of shape (height, width, 3), RGB; from the cache where it was read before."""
    kept = _folder() / f"{_hash_of(pixels)}.json"
    with suppress(OSError, ValueError, TypeError):
        known = json.loads(kept.read_text("utf-8"))
        return Reading([_line(each) for each in known["lines"]], int(known["unread"]))
    with _ONE_AT_A_TIME:
        reading = _read(pixels)
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps({"lines": reading.lines, "unread": reading.unread}), "utf-8")
        part.replace(kept)
    return reading


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    class Counting(RapidOCR):  # type: ignore[misc]
        """One that says how many lines it has found, those too that it cannot read."""

        detected = 0

        def detect_and_crop(self, *given: Any) -> Any:
            cropped, detected = super().detect_and_crop(*given)
            self.detected = len(cropped)
            return cropped, detected

    return Counting(params={"Global.log_level": "critical", "Global.text_score": 0.0})


def _read(pixels: NDArray[np.uint8]) -> Reading:
    engine = _engine()
    engine.detected = 0
    result = engine(np.ascontiguousarray(pixels[:, :, ::-1]), return_word_box=True)
    if getattr(result, "txts", None) is None or result.boxes is None:
        return Reading([], engine.detected)
    words = result.word_results or ()
    if len(words) != len(result.txts):
        words = [()] * len(result.txts)
    lines: list[Seen] = []
    for text, score, box, parts in zip(result.txts, result.scores, result.boxes, words, strict=True):
        if score < _UNREAD or not text.strip():
            continue
        left, top = (float(each) for each in box.min(axis=0))
        right, bottom = (float(each) for each in box.max(axis=0))
        placed = tuple(
            (str(word), float(min(x for x, _ in corners)), float(max(x for x, _ in corners)))
            for word, _, corners in parts
            if corners is not None
        )
        lines.append(Seen(text.strip(), round(float(score), 4), left, top, right, bottom, placed))
    return Reading(lines, max(engine.detected - len(lines), 0))


def _line(values: list[Any]) -> Seen:
    text, score, left, top, right, bottom, words = values
    return Seen(
        text, score, left, top, right, bottom, tuple((str(w), float(a), float(b)) for w, a, b in words)
    )


def _hash_of(pixels: NDArray[np.uint8]) -> str:
    shape = np.asarray([_VERSION, *pixels.shape], np.int64).tobytes()
    return hashlib.blake2b(shape + np.ascontiguousarray(pixels).tobytes(), digest_size=16).hexdigest()


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "footnote-rag" / "ocr"
