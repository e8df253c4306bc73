"""Name → part, one way for every kind of part that the settings can name.

A kind has a table beside its protocol: name → `module:callable` (a module that begins with a dot lies in the
table's own package). A third party adds to it, or replaces what ships, by an entry point in the group
`rag.KIND`. Nothing else makes a name: a file in a folder is no part until a table names it. A name with a
colon of its own is a place, `package.module:function`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

KINDS = (
    "loaders",
    "sources",
    "chunking",
    "embedding",
    "stores",
    "lexical",
    "llm",
    "augment",
    "retrieve",
    "denoise",
    "reorder",
    "generate",
    "ground",
    "when",
)
"""The kinds of parts, each with a table, and with the group `rag.KIND` of entry points."""


_CALLED = {
    "loaders": "loader",
    "sources": "kind of source",
    "chunking": "chunking method",
    "embedding": "kind of embedder",
    "stores": "store",
    "lexical": "lexical engine",
    "llm": "kind of language model",
    "when": "condition",
    **{kind: f"{kind} stage" for kind in ("augment", "denoise", "reorder", "ground")},
}


def names(kind: str, table: Mapping[str, str]) -> list[str]:
    """What can be named in this kind, sorted: what ships, and what installed packages offer."""
    return sorted({*table, *_offered(kind)})


def find(kind: str, name: str, table: Mapping[str, str], package: str | None = None) -> Any:
    """What a name stands for. `package` is where modules of the table lie that begin with a dot.

    Raises ConfigError for a name that nobody offers.
    """
    if name in (offered := _offered(kind)):
        return offered[name].load()
    if name not in table:
        known = ", ".join(names(kind, table))
        raise ConfigError(f"there is no {_CALLED.get(kind, kind)} named {name!r}: known are {known}")
    module, _, attribute = table[name].partition(":")
    home = import_module(module, package)
    return getattr(home, attribute) if attribute else home


def place(kind: str, named: str) -> Any:
    """What stands at `package.module:function`. Raises ConfigError where there is nothing to call."""
    module, _, attribute = named.partition(":")
    try:
        part = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"{kind} {named!r} cannot be imported ({error}): expected module:function, "
            "with the module's folder on PYTHONPATH"
        ) from error
    if not callable(part):
        raise ConfigError(f"{kind} {named!r} is {type(part).__name__}, expected something to call")
    return part


def _offered(kind: str) -> Mapping[str, EntryPoint]:
    return _entry_points(tuple(sys.path)).get(f"rag.{kind}", {})


@cache
def _entry_points(path: tuple[str, ...]) -> dict[str, dict[str, EntryPoint]]:
    """Group → name → entry point, read once: it means opening a file of every installed package."""
    from importlib.metadata import entry_points

    points = entry_points()
    groups = (f"rag.{kind}" for kind in KINDS)
    return {group: {point.name: point for point in points.select(group=group)} for group in groups}
