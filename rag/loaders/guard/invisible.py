"""Characters that no reader sees, which split words for search and can carry hidden instructions.

And the signs of symbol fonts, which stand in a private area where only their font gives them a shape.
"""

from __future__ import annotations

import re

from .hidden import note_hidden

# Zero-width spaces and joiners between two ASCII letters, where they have no honest use in number.
_SPLITTING = re.compile(r"(?<=[A-Za-z])[\u200b-\u200d\u2060\ufeff]+(?=[A-Za-z])")
_SPLIT_MOST = 2
_OVERRIDES = re.compile(r"[\u202d\u202e]")
_TAGS = re.compile(
    r"(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0020-\U000e007e]{4,}"
)  # a black flag opens a flag emoji
_HIDDEN = re.compile(
    "[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
    # Joiners have a meaning within scripts such as Persian or Hindi, and in emoji, but none beside ASCII.
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
# Wingdings and Symbol as Word and PowerPoint store them.
_SYMBOLS = str.maketrans(
    {
        "\uf0fc": "✓", "\uf0fe": "☑", "\uf0fb": "✗", "\uf0fd": "☒", "\uf0a8": "☐", "\uf06f": "☐",
        "\uf06c": "●", "\uf06e": "■", "\uf074": "◆", "\uf075": "◆", "\uf076": "❖", "\uf077": "◆",
        "\uf0ab": "★",
        "\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0e0": "→", "\uf0e8": "→", "\uf0df": "←",
        "\uf0b0": "°", "\uf0b1": "±", "\uf0b4": "×", "\uf0a3": "≤", "\uf0b3": "≥", "\uf0b9": "≠",
    }
)  # fmt: skip


def visible(text: str) -> str:
    """The text without zero-width characters, direction marks, tags and control characters."""
    if text.isascii():
        return _CONTROL.sub("", text)
    cleaned, unseen = _HIDDEN.subn("", text.translate(_SYMBOLS))
    if unseen and (why := suspicious(text)):
        note_hidden(f"characters ({why})", unseen)
    return _CONTROL.sub("", cleaned)


def suspicious(text: str) -> str:
    """What no honest text has in its invisible characters: smuggled, reversed, splitting words; or ``."""
    if text.isascii():
        return ""
    if _TAGS.search(text):
        return "invisible tag characters"
    if _OVERRIDES.search(text):
        return "characters that turn the direction of reading over"
    split = len(_SPLITTING.findall(text))
    return f"{split} words split by characters of no width" if split > _SPLIT_MOST else ""
