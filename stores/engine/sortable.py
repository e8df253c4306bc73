"""Values as strings that are equal and sorted as the values are, for engines that compare strings only.

The first letter is the kind, so that values of two kinds are never equal: `b0`, `b1` for booleans, `s…` for
strings, `n…` for numbers, and `x` for lists and objects, which only `has` and `exists` look at. A number is
its sign, its binary exponent and 64 bits of its mantissa, which is exact for every float and every 64-bit
integer: `1 == 1.0` is one string, and 2⁵³ + 1 is not 2⁵³.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..where import as_64_bits

ITEM_SIGN = "\x1f"
"""Stands between a field's name and a value of it; no name holds it."""

_BIAS = 2000  # floats have binary exponents from -1073 to 1024
_ALL = 2**64 - 1


def sortable(value: Any) -> str:
    """The string of one value: a string, a number, a boolean, or `x` for a list or an object."""
    if isinstance(value, bool):
        return "b1" if value else "b0"
    if isinstance(value, str):
        return f"s{value}"
    if isinstance(value, int | float):
        return f"n{_number(as_64_bits(value))}"
    return "x"


def kind_range(value: Any) -> tuple[str, str]:
    """What is at or above the first and below the second is of the value's kind."""
    letter = sortable(value)[0]
    return letter, chr(ord(letter) + 1)


def sortable_fields(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Every field that is not null, by name."""
    return {name: sortable(value) for name, value in metadata.items() if value is not None}


def list_items(metadata: Mapping[str, Any]) -> list[str]:
    """The items of all lists, each with its field's name: see `list_item`."""
    items = (
        list_item(name, item)
        for name, value in metadata.items()
        if isinstance(value, list | tuple)
        for item in value
        if isinstance(item, str | int | float | bool)
    )
    return list(dict.fromkeys(items))


def list_item(name: str, item: Any) -> str:
    """One item of the list in a field, with the field's name."""
    return f"{name}{ITEM_SIGN}{sortable(item)}"


def _number(value: int | float) -> str:
    """Sign, exponent and mantissa; those of a negative number count down."""
    if value == 0:
        return "0"
    if math.isinf(value):
        return "2" if value > 0 else "-"
    size = abs(value)
    if isinstance(size, int):
        exponent = size.bit_length()
        mantissa = size << (64 - exponent)
    else:
        fraction, exponent = math.frexp(size)
        mantissa = int(fraction * 2**53) << 11
    if value > 0:
        return f"1{exponent + _BIAS:04d}{mantissa:016x}"
    return f"-{9999 - exponent - _BIAS:04d}{_ALL - mantissa:016x}"
