"""The number of a paragraph or a list item as a program writes it: `b`, `iv`, `Second`."""

from __future__ import annotations

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
    (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def numeral(count: int, kind: str) -> str:
    """A count in one of Word's number formats (ECMA-376 part 1, 17.18.59); decimal in one not known here."""
    if kind == "none" or count < 0:
        return ""
    if kind in ("lowerLetter", "upperLetter") and count:
        letters = chr(97 + (count - 1) % 26) * min((count - 1) // 26 + 1, 20)
        return letters if kind == "lowerLetter" else letters.upper()
    if kind in ("lowerRoman", "upperRoman") and 0 < count < 4000:
        roman = _roman(count)
        return roman if kind == "lowerRoman" else roman.upper()
    if kind == "ordinal":
        teen = 10 < count % 100 < 20
        return f"{count}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th')}"
    if kind in ("cardinalText", "ordinalText") and count < 100:
        return _spelt(count, ordinal=kind == "ordinalText").capitalize()
    return f"{count:02d}" if kind == "decimalZero" else str(count)


def _roman(count: int) -> str:
    roman = ""
    for step, sign in _ROMAN:
        roman += sign * (count // step)
        count %= step
    return roman


def _spelt(count: int, *, ordinal: bool) -> str:
    tens, units = (_TENS[count // 10 - 2], count % 10) if count >= 20 else ("", count)
    last = _UNITS[units] if units or not tens else tens
    if ordinal:
        last = _ORDINALS.get(last, f"{last.removesuffix('y')}ieth" if last.endswith("y") else f"{last}th")
    return f"{tens}-{last}" if tens and units else last
