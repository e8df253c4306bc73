"""Whether a person sees letters: one judgement for every format, on the colours and size they come out in.

Letters melt into their background where hardly any light and hardly any hue tells them apart: a contrast
below 1.2 (WCAG 2.2, "contrast ratio"; text needs 4.5) and a distance below 20 in CIELAB (CIE 1976). Ivory on
white melts, yellow on white does not.
"""

from __future__ import annotations

Colour = tuple[float, float, float]
"""Red, green and blue from 0 to 255."""

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
FAINT = 0.1
"""Share of ink up to which letters count as drawn without any."""
TINY_POINTS = 1.5
"""Points up to which letters are too small for any eye; a CSS pixel is 0.75 points."""

_LEAST_CONTRAST = 1.2
_LEAST_DISTANCE = 20.0


def melts(ink: Colour, paper: Colour, alpha: float = 1.0) -> bool:
    """Whether letters of `ink`, of which the share `alpha` covers, cannot be told from `paper`."""
    if ink == paper:
        return True
    mixed = mix(ink, paper, alpha)
    darker, other = sorted((_luminance(mixed), _luminance(paper)))
    return (other + 0.05) / (darker + 0.05) < _LEAST_CONTRAST and _distance(mixed, paper) < _LEAST_DISTANCE


def mix(ink: Colour, paper: Colour, alpha: float) -> Colour:
    """A colour over another, as a screen shows them."""
    red, green, blue = (alpha * a + (1 - alpha) * b for a, b in zip(ink, paper, strict=True))
    return red, green, blue


def from_hex(digits: str) -> Colour | None:
    """The colour of six hexadecimal digits, as Office files write it; None for anything else."""
    if len(digits) != 6:
        return None
    try:
        number = int(digits, 16)
    except ValueError:
        return None
    return number >> 16, number >> 8 & 255, number & 255


def _linear(channel: float) -> float:
    share = min(max(channel / 255, 0.0), 1.0)
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _luminance(colour: Colour) -> float:
    red, green, blue = map(_linear, colour)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def _lab(colour: Colour) -> Colour:
    red, green, blue = map(_linear, colour)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (each ** (1 / 3) if each > 0.008856 else 7.787 * each + 16 / 116 for each in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _distance(first: Colour, other: Colour) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(_lab(first), _lab(other), strict=True)) ** 0.5)
