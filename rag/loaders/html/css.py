"""Inline styles: which of them keep an element from whoever looks at the page.

Style sheets are not read: what their classes hide is mostly what a click shows, menus and folded answers.
"""

from __future__ import annotations

import re

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
_DECLARATION = re.compile(r"(?:^|;)\s*([\w-]+)\s*:\s*([^;]*)")
_LENGTH = re.compile(r"(-?(?:\d+(?:\.\d*)?|\.\d+))\s*(px|pt|r?em|ex|ch|vw|vh|%|in|cm|mm)?$")
_CHANNEL = re.compile(r"\d+(?:\.\d+)?%?")
_NAMED: dict[str, Colour] = {
    "white": WHITE, "silver": (192, 192, 192), "gray": (128, 128, 128), "grey": (128, 128, 128),
    "black": (0, 0, 0), "red": (255, 0, 0), "maroon": (128, 0, 0), "yellow": (255, 255, 0),
    "olive": (128, 128, 0), "lime": (0, 255, 0), "green": (0, 128, 0), "aqua": (0, 255, 255),
    "teal": (0, 128, 128), "blue": (0, 0, 255), "navy": (0, 0, 128), "fuchsia": (255, 0, 255),
    "purple": (128, 0, 128), "snow": (255, 250, 250), "whitesmoke": (245, 245, 245),
}  # fmt: skip
_PIXELS = {"px": 1.0, "": 1.0, "pt": 1.3, "in": 96.0, "cm": 38.0, "mm": 3.8, "ex": 8.0, "ch": 8.0}
_PER_FONT = 16.0  # pixels of an em, and of what else depends on the page: near enough to tell far from near
_FAR = -400.0  # pixels; less is a design that overlaps
_NEAR_COLOUR = 12  # a channel may differ by so much and no eye tells


def declarations(style: str) -> dict[str, str]:
    """The properties of a style attribute, lower case, the last of each."""
    found = _DECLARATION.findall(style.lower())
    return {name: value.replace("!important", "").strip() for name, value in found}


def conceals(style: dict[str, str]) -> str:
    """How a style hides its element, or "": it takes no room, no ink, or stands outside the page."""
    if style.get("display") == "none":
        return "display: none"
    if style.get("visibility") in ("hidden", "collapse"):
        return "visibility: hidden"
    if _is_zero(style.get("opacity", "")):
        return "opacity: 0"
    if _is_zero(style.get("font-size", "")) or style.get("font-size") == "1px":
        return "size of zero"
    clipped = style.get("overflow", style.get("overflow-y", "")) in ("hidden", "clip")
    sizes = ("height", "width", "max-height", "max-width")
    if clipped and any(_is_zero(style.get(name, "")) for name in sizes):
        return "size of zero"
    return _off_screen(style) or ("transparent" if is_transparent(style.get("color", "")) else "")


def _off_screen(style: dict[str, str]) -> str:
    if _pixels(style.get("text-indent", "")) <= _FAR:
        return "off screen"
    if style.get("position") not in ("absolute", "fixed"):
        return ""
    if any(_pixels(style.get(edge, "")) <= _FAR for edge in ("left", "right", "top", "bottom")):
        return "off screen"
    shape = style.get("clip", "") + style.get("clip-path", "")
    cut = re.fullmatch(r"rect\((?:[01](?:px)?[,\s]*){4}\)|inset\((?:50|100)%\)", shape)
    return "clipped away" if cut else ""


def is_transparent(value: str) -> bool:
    """Whether a colour leaves no trace."""
    alpha = re.fullmatch(r"(?:rgba|hsla)\(.*[,/]\s*(0?\.?0+%?)\s*\)", value)
    return value == "transparent" or alpha is not None


def colour(value: str) -> Colour | None:
    """Red, green and blue from 0 to 255; None for what is no plain colour, or not known here."""
    value = value.strip().lower()
    if value in _NAMED:
        return _NAMED[value]
    if found := re.fullmatch(r"#?([0-9a-f]{3}|[0-9a-f]{6})", value):
        digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    channels = _CHANNEL.findall(value) if value.startswith("rgb") else []
    if len(channels) < 3:
        return None
    red, green, blue = (
        int(255 * float(one[:-1]) / 100) if one.endswith("%") else int(float(one)) for one in channels[:3]
    )
    return red, green, blue


def same_colour(one: Colour, other: Colour) -> bool:
    """Whether no eye tells two colours apart."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= _NEAR_COLOUR


def _pixels(value: str) -> float:
    found = _LENGTH.match(value)
    return float(found[1]) * _PIXELS.get(found[2] or "", _PER_FONT) if found else 0.0


def _is_zero(value: str) -> bool:
    found = _LENGTH.match(value)
    return found is not None and float(found[1]) == 0
