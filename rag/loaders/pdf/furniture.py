"""Running headers, footers and page numbers: found by what repeats at the edge of most pages.

On two or three pages, what repeats on each is left out where it stands apart from the text.
"""

from __future__ import annotations

import re
from collections import Counter

from .lines import Line

# On fewer pages a line has to repeat on each.
MIN_PAGES = 4
APART = 1.5  # heights of a line between furniture and text
REPEATED_SHARE = 0.6
EDGE_LINES = 2
# Share of the height that text takes, at its top and its bottom, in which headers and footers stand.
MARGIN = 0.08
_NUMBER = re.compile(r"\d+")


def without_furniture(pages: list[list[Line]]) -> list[list[Line]]:
    """The pages without lines that stand at the edge of most pages at one height, alike but for numbers."""
    filled = [page for page in pages if page]
    if len(filled) < 2:
        return pages
    if len(filled) < MIN_PAGES:
        return _of_few(pages, filled)
    margins = _margins(filled)
    counts = Counter(key for page in filled for key in _keys(page, margins))
    # Left and right pages carry headers of their own, each on half of the pages.
    often = {key for key, count in counts.items() if count >= max(3, REPEATED_SHARE * len(filled) / 2)}
    heights = Counter(
        height for page in filled for height in {key[1] for key in _keys(page, margins) & often}
    )
    repeated = {key for key in often if heights[key[1]] >= REPEATED_SHARE * len(filled)}
    return [_without(page, repeated, margins) for page in pages]


def _of_few(pages: list[list[Line]], filled: list[list[Line]]) -> list[list[Line]]:
    """Two or three pages without the lines at their edges that all of them have."""
    edges = [_outer(page) for page in filled]
    repeated = set.intersection(
        *({_signature(page[place]) for place in places} for page, places in zip(filled, edges, strict=True))
    )
    if not repeated:
        return pages
    left = []
    for page in pages:
        places = _outer(page) if page else set()
        kept = [
            line for place, line in enumerate(page) if place not in places or _signature(line) not in repeated
        ]
        left.append(kept or page)
    return left


def _outer(page: list[Line]) -> set[int]:
    """Places of the lines above the first gap and below the last, two heights at most each."""
    order = sorted(range(len(page)), key=lambda place: -page[place].bottom)
    outer: set[int] = set()
    for run in (order, order[::-1]):
        for count in range(1, min(EDGE_LINES + 2, len(run) - 1) + 1):
            last, following = page[run[count - 1]], page[run[count]]
            heights = len({round(page[place].bottom / 4) for place in run[:count]})
            if (
                abs(last.bottom - following.bottom) > APART * max(last.height, following.height)
                and heights <= EDGE_LINES
            ):
                outer |= set(run[:count])
                break
    return outer


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
