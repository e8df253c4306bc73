"""TOML that a stranger may have written: whatever is wrong with it is one kind of error."""

from __future__ import annotations

import tomllib
from typing import Any

_MOST = 2**63
"""Whole numbers of TOML have 64 bits; Python's go on, until something that is given them fails."""


def parsed_toml(text: str) -> dict[str, Any]:
    """The values of a TOML document.

    Raises tomllib.TOMLDecodeError, also where it is nested deeper than can be read, and for a whole number of
    more than 64 bits, which TOML does not have.
    """
    try:
        values = tomllib.loads(text)
        _check(values)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("it is nested too deep") from None
    except ValueError as error:  # a number of more digits than Python reads
        raise tomllib.TOMLDecodeError(str(error)) from None
    return values


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _check(inner)
    elif isinstance(value, list):
        for inner in value:
            _check(inner)
    elif isinstance(value, int) and not -_MOST <= value < _MOST:
        raise ValueError(f"a whole number of {value.bit_length()} bits, where TOML has 64")
