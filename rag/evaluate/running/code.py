"""A digest of somebody's own function: what it does and holds, so that an edited one is another one.

Two functions of the same name are told apart by their instructions, their constants, and the plain values
in their defaults, their closure and their attributes.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Iterator
from types import CellType, CodeType
from typing import Any

from rag.trace import name_of
from rag.types import stable_id

_DEEP = 3  # functions within functions that are followed


def is_code(part: str | Callable[..., Any]) -> bool:
    """Whether a part is somebody's own function or object, which no built-in name stands for."""
    return not isinstance(part, str) or ":" in part


def written(part: str | Callable[..., Any], depth: int = _DEEP) -> str:
    """The digest of a function, a callable object, or `module:function`."""
    if isinstance(part, str):
        module, _, attribute = part.partition(":")
        part = getattr(importlib.import_module(module), attribute)
    if isinstance(part, functools.partial):
        return stable_id(written(part.func), *_seen([*part.args, *part.keywords.values()], depth))
    function = part if hasattr(part, "__code__") else getattr(type(part), "__call__", None)  # noqa: B004
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return stable_id(name_of(part))
    cells = [cell.cell_contents for cell in getattr(part, "__closure__", None) or () if _filled(cell)]
    held = [*(getattr(part, "__defaults__", None) or ()), *cells, *getattr(part, "__dict__", {}).values()]
    return stable_id(*_instructions(code), *_seen(held, depth))


def _instructions(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)
        else:  # a set's order is another one in every process
            yield repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)


def _seen(values: Iterable[Any], depth: int) -> Iterator[str]:
    """What can be said of values without running them: plain ones by value, functions by their code."""
    for value in values:
        if isinstance(value, str | int | float | bytes | None):
            yield repr(value)
        elif callable(value) and depth:
            yield written(value, depth - 1)
        else:
            yield type(value).__name__


def _filled(cell: CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
