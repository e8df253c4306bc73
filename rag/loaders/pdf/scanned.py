"""A page of a PDF without text → the lines that OCR sees in its picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from rag.loaders.guard.invisible import visible
from rag.loaders.ocr import SURE, read_picture

from .lines import Line, Word

_DOTS = 180 / 72  # pixels a point: small print is some 20 pixels high
_MOST_PIXELS = 12_000_000  # an A3 page; larger ones are rendered smaller
_SCRIPTS = "it reads Latin letters, Chinese and Japanese, not Cyrillic, Arabic, Hangul and other scripts"
_FONT = 0.8  # of a box's height that is the font's: boxes have a margin


class Scanned(NamedTuple):
    """The lines of a page, the mean confidence, how many are unsure, and how many could not be read."""

    lines: list[Line]
    confidence: float
    unsure: int
    unread: int


def scanned_lines(page: Any) -> Scanned:
    """What OCR reads on a pypdfium2 page, in points from its lower left corner."""
    width, height = page.get_size()
    scale = min(_DOTS, math.sqrt(_MOST_PIXELS / max(width * height, 1.0)))
    pixels = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False).to_numpy()[:, :, :3]
    reading = read_picture(pixels)
    left, bottom = page.get_cropbox()[:2]
    lines: list[Line] = []
    for seen in reading.lines:
        top, below = height - seen.top / scale, height - seen.bottom / scale
        margin = (1 - _FONT) * (top - below) / 2
        lines.append(
            Line(
                visible(seen.text),
                left + seen.left / scale,
                left + seen.right / scale,
                bottom + below + margin,
                bottom + top - margin,
                words=tuple(
                    Word(text, left + a / scale, left + b / scale, low=bottom + below, high=bottom + top)
                    for text, a, b in seen.words
                ),
            )
        )
    scores = [seen.score for seen in reading.lines]
    mean = sum(scores) / len(scores) if scores else 0.0
    return Scanned(lines, mean, sum(score < SURE for score in scores), reading.unread)


def ocr_metadata(scans: Mapping[int, Scanned]) -> dict[str, Any]:
    """What a document says of itself whose pages OCR has read: `ocr`, and its lines' mean confidence."""
    counted = [(scan.confidence, len(scan.lines)) for scan in scans.values() if scan.lines]
    if not counted:
        return {}
    lines = sum(count for _, count in counted)
    return {"ocr": True, "ocr_confidence": round(sum(mean * count for mean, count in counted) / lines, 3)}


def told_of(scans: Mapping[int, Scanned]) -> list[str]:
    """Rows on lines that OCR could not read, or is not sure of, a row a page."""
    rows = []
    for page, scan in scans.items():
        if scan.unread:
            seen = scan.unread + len(scan.lines)
            rows.append(f"page {page}: OCR could not read {scan.unread} of {seen} lines; {_SCRIPTS}")
        if scan.unsure:
            rows.append(f"page {page}: OCR is not sure of {scan.unsure} of {len(scan.lines)} lines")
    return rows
