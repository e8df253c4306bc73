"""What a loader is, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from rag.loaders.guard.limits import Limits
from rag.types import Document


class Loaded(NamedTuple):
    """The documents of one file, and what could not be read of it, one sentence each."""

    documents: list[Document]
    problems: list[str]


Loader: TypeAlias = Callable[[bytes, str, Limits], Loaded | list[Document]]
"""`load(data, source, limits)`: the bytes of a file → its documents. Raises LoadError."""
