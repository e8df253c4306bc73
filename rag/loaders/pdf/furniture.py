"""Running headers, footers and page numbers: found by what repeats at the edge of most pages."""

from __future__ import annotations

import re
from collections import Counter

from .lines import Line

# On fewer pages nothing can be told.
MIN_PAGES = 4
REPEATED_SHARE = 0.6
EDGE_LINES = 2
# Share of the height that text takes, at its top and its bottom, in which headers and footers stand.
MARGIN = 0.08
_NUMBER = re.compile(r"\d+")


def without_furniture(pages: list[list[Line]]) -> list[list[Line]]:
    """The pages without lines that stand at the edge of most pages at one height, alike but for numbers."""
    filled = [page for page in pages if page]
    if len(filled) < MIN_PAGES:
        return pages
    margins = _margins(filled)
    counts = Counter(key for page in filled for key in _keys(page, margins))
    # Left and right pages carry headers of their own, each on half of the pages.
    often = {key for key, count in counts.items() if count >= max(3, REPEATED_SHARE * len(filled) / 2)}
    heights = Counter(
        height for page in filled for height in {key[1] for key in _keys(page, margins) & often}
    )
    repeated = {key for key in often if heights[key[1]] >= REPEATED_SHARE * len(filled)}
    return [_without(page, repeated, margins) for page in pages]


def _without(page: list[Line], repeated: set[tuple[str, int]], margins: tuple[float, float]) -> list[Line]:
    edges = _edges(page, margins)
    left = [line for place, line in enumerate(page) if place not in edges or _signature(line) not in repeated]
    # A page of nothing else is more likely a page whose words recur than one that is all header.
    return left or page


def _keys(page: list[Line], margins: tuple[float, float]) -> set[tuple[str, int]]:
    return {_signature(page[place]) for place in _edges(page, margins)}


def _margins(pages: list[list[Line]]) -> tuple[float, float]:
    """The heights below and above which a line may be a footer or a header."""
    low = min(line.bottom for page in pages for line in page)
    high = max(line.bottom for page in pages for line in page)
    return low + MARGIN * (high - low), high - MARGIN * (high - low)


def _edges(page: list[Line], margins: tuple[float, float]) -> set[int]:
    """Places of the lowest and highest lines, wherever they come in reading order."""
    order = sorted(range(len(page)), key=lambda place: page[place].bottom)
    low, high = margins
    footers = {place for place in order[:EDGE_LINES] if page[place].bottom <= low}
    return footers | {place for place in order[-EDGE_LINES:] if page[place].bottom >= high}


def _signature(line: Line) -> tuple[str, int]:
    """What repeats of a header: its words without numbers, and its height within 4 points."""
    return _NUMBER.sub("#", line.text.lower()), round(line.bottom / 4)
