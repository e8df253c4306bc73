"""Numbers of things in words."""

from __future__ import annotations


def counted(number: int, singular: str, plural: str = "") -> str:
    """`1 hit`, `1,200 hits`. `plural` is the singular with an s, where it is not given."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"
