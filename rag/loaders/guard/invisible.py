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
# The font Symbol by itself: Greek letters and signs of mathematics, from 0xF020 on (Adobe's Symbol encoding).
_SYMBOL_FONT = {
    **{0xF041 + n: sign for n, sign in enumerate("ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ")},
    **{0xF061 + n: sign for n, sign in enumerate("αβχδεφγηιϕκλμνοπθρστυϖωξψζ")},
    **{0xF000 + n: chr(n) for n in (*range(0x28, 0x2A), *range(0x2B, 0x40), 0x20, 0x21, 0x23, 0x25, 0x26)},
    0xF022: "∀", 0xF024: "∃", 0xF02A: "∗", 0xF02D: "−", 0xF0A2: "′", 0xF0A3: "≤", 0xF0A5: "∞",
    0xF0AC: "←", 0xF0AE: "→", 0xF0B0: "°", 0xF0B1: "±", 0xF0B2: "″", 0xF0B3: "≥", 0xF0B4: "×",
    0xF0B5: "∝", 0xF0B6: "∂", 0xF0B7: "•", 0xF0B8: "÷", 0xF0B9: "≠", 0xF0BA: "≡", 0xF0BB: "≈",
    0xF0BC: "…", 0xF0C6: "∅", 0xF0CE: "∈", 0xF0D1: "∇", 0xF0D5: "∏", 0xF0D6: "√", 0xF0D7: "⋅",
    0xF0D8: "¬", 0xF0DE: "⇒", 0xF0E5: "∑", 0xF0F2: "∫",
}  # fmt: skip


def in_symbol_font(text: str) -> str:
    """The text of a run in the font Symbol as that font shows it: U+F06D is `μ`."""
    return text.translate(_SYMBOL_FONT)


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
