"""From one store into another, and into one file and back, without embedding anything again.

- `copying.py`: the documents of one store, in batches, into another; what is there already is left alone
- `checking.py`: do both hold the same, and find the same?
- `archive.py`: a store as one file with checksums; `parts.py`: a part of it; `reading.py`: checked, then read
- `transfer.py`: what `rag move`, `rag export` and `rag import` call

Names are imported when they are first used: the command line needs the options alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .transfer import Moved, export_archive, import_archive, move

__all__ = ["Moved", "export_archive", "import_archive", "move"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.transfer"), name)
