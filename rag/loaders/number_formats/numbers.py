"""A number under a section of a format code: percent, thousands, fractions, powers of ten, masks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

from rag.loaders.guard.invisible import visible

from .codes import section_of

Tokens = Sequence[tuple[str, str]]

_FRACTION = re.compile(
    r'(?:(?P<whole>[0#?,]{1,40})(?:\s|\\\s|_.|"\s*"){1,8})?(?P<above>[0#?]{1,40})\s?/\s?'
    r"(?:(?P<below>[0#?]{1,40})|(?P<fixed>[1-9][0-9]{0,8}))(?![\d#?])"
)
_QUOTED = re.compile(r'"[^"]*"|\\.')
_LOST = Decimal(
    "0.01"
)  # where the shown number is further off than this share, the stored one stands beside it
_PLAIN = ("literal", "currency", "other")


class _Shown(NamedTuple):
    text: str
    value: Decimal  # of what the text says, as its section scales it


def number(value: float, section: str, minus: bool, as_stored: str) -> str:
    """A number under its section; `` for a section that shows nothing. `minus`: one goes before it."""
    tokens = section_of(section).tokens
    if not section.strip():
        return ""
    if any(kind == "general" for kind, _ in tokens) or {kind for kind, _ in tokens} == {"bracket"}:
        return _around(tokens, as_stored if minus else as_stored.removeprefix("-"))
    if any(kind == "other" and text == "@" for kind, text in tokens):
        return as_stored
    exact = abs(Decimal(repr(value)))
    if fraction := _FRACTION.search(_QUOTED.sub(_masked, section)):
        shown = _fraction(exact, section, fraction)
    elif any(kind == "digits" and set(text) & set("0#?") for kind, text in tokens):
        exact = _scaled(exact, tokens)
        shown = (
            _scientific(exact, tokens)
            if any(kind == "exponent" for kind, _ in tokens)
            else _plain(exact, tokens)
        )
    else:
        return _around(tokens, "")
    text = visible(shown.text).strip()
    if minus and shown.value:
        text = f"-{text}"
    return f"{text} ({as_stored})".strip() if abs(exact - shown.value) > exact * _LOST else text


def _masked(quoted: re.Match[str]) -> str:
    """Quoted signs as ones that no digit is; quoted blanks as they are."""
    return "\0" * len(quoted[0]) if quoted[0].strip('"\\ ') else quoted[0]


def _around(tokens: Tokens, number: str) -> str:
    """The literal signs of a section around the number in it."""
    out = [number if kind == "general" else text for kind, text in tokens if kind in (*_PLAIN, "general")]
    return visible("".join(out)).strip() if out else number


def _scaled(value: Decimal, tokens: Tokens) -> Decimal:
    """The value as a percent sign or commas behind the last digit make it."""
    percents: int = sum(kind == "other" and text == "%" for kind, text in tokens)
    pattern = _pattern(tokens)
    whole = pattern.partition(".")[0]
    commas = sum(len(part) - len(part.rstrip(",")) for part in {pattern, whole})
    return (value * Decimal(100) ** percents) / Decimal(1000) ** commas


def _pattern(tokens: Tokens) -> str:
    """The digits of a section without the signs between them, up to its exponent."""
    pattern = ""
    for kind, text in tokens:
        if kind == "exponent":
            break
        pattern += text if kind == "digits" else ""
    return pattern


def _plain(value: Decimal, tokens: Tokens) -> _Shown:
    """A number whose digits are filled in from the point on, past the signs that a mask has between them."""
    pattern = _pattern(tokens)
    whole, _, decimals = pattern.partition(".")
    places = sum(each in "0#?" for each in decimals)
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    head, _, tail = f"{rounded:f}".partition(".")
    if value and rounded < 1 and whole.strip(",") and "0" not in whole:
        whole = whole.rstrip(",")[:-1] + "0"  # .5 with its zero
    filled = iter(list(_filled(whole, head)) + list(_decimals(decimals, tail)))
    out = []
    for kind, text in tokens:
        if kind == "digits":
            out += [next(filled, "") for each in text if each in "0#?."]
        elif kind in _PLAIN:
            out.append(text)
    return _Shown("".join(out), rounded)


def _filled(whole: str, head: str) -> Iterator[str]:
    """What stands for each place of the pattern before the point: the first takes all digits left over."""
    slots = [each for each in whole if each in "0#?"]
    grouped = "," in whole.strip(",")
    head = head if head != "0" or "0" in slots else ""
    digits = [
        "0" if slot == "0" and digit is None else digit or ""
        for slot, digit in zip_longest(reversed(slots), reversed(head))
    ]
    marked = [
        digit + ("," if grouped and place and not place % 3 and digit else "")
        for place, digit in enumerate(digits)
    ]
    marked.reverse()
    first = len(marked) - len(slots) + 1
    yield from (["".join(marked[:first]), *marked[first:]] if slots else [])


def _decimals(decimals: str, tail: str) -> Iterator[str]:
    slots = [each for each in decimals if each in "0#?"]
    kept = len(tail.rstrip("0"))
    digits = [
        digit if slot == "0" or place < kept else ""
        for place, (slot, digit) in enumerate(zip(slots, tail, strict=False))
    ]
    yield "." if any(digits) or not slots else ""
    yield from digits


def _scientific(value: Decimal, tokens: Tokens) -> _Shown:
    """A power of ten; several digits before the point make its exponent a multiple of their number."""
    whole, _, decimals = _pattern(tokens).partition(".")
    step = max(sum(each in "0#?" for each in whole), 1)
    places = sum(each in "0#?" for each in decimals)
    exponent = value.adjusted() // step * step if value else 0
    mantissa = _rounded(value.scaleb(-exponent), places)
    if mantissa >= 10**step:
        exponent += step
        mantissa = _rounded(value.scaleb(-exponent), places)
    at = next(i for i, (kind, _) in enumerate(tokens) if kind == "exponent")
    digits = tokens[at + 1][1] if tokens[at + 1 : at + 2] and tokens[at + 1][0] == "digits" else "0"
    sign = "-" if exponent < 0 else "+" if tokens[at][1].endswith("+") else ""
    power = f"{tokens[at][1][0]}{sign}{abs(exponent):0{max(digits.count('0'), 1)}d}"
    behind = [text for kind, text in tokens[at + 1 :] if kind in _PLAIN]
    text = _plain(mantissa, tokens[:at]).text + power + "".join(behind)
    return _Shown(text, mantissa.scaleb(exponent))


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _fraction(value: Decimal, section: str, match: re.Match[str]) -> _Shown:
    """`3 3/4`, `15/4` where no place is for the whole; the denominator as given, else of as many digits."""
    exact = Fraction(value)
    whole = int(exact) if match["whole"] else 0
    rest = exact - whole
    if match["fixed"]:
        below = int(match["fixed"])
        above = int(rest * below + Fraction(1, 2))
    else:
        nearest = rest.limit_denominator(10 ** min(len(match["below"]), 7) - 1)
        above, below = nearest.numerator, nearest.denominator
    if match["whole"] and above == below:
        whole, above = whole + 1, 0
    parts = [str(whole)] if match["whole"] and (whole or not above) else []
    if above or not match["whole"]:
        parts.append(f"{above}/{below}")
    before = _around(section_of(section[: match.start()]).tokens, "")
    behind = _around(section_of(section[match.end() :]).tokens, "")
    shown = whole + Fraction(above, below)
    return _Shown(
        " ".join(part for part in (before, *parts, behind) if part),
        Decimal(shown.numerator) / shown.denominator,
    )
