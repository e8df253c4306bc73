"""A disk that fills up while a part is made: one message, whichever library was writing."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import ModelError, RagError

_FULL = {errno.ENOSPC: "No space left on device", errno.EDQUOT: "Disk quota exceeded"}


@contextmanager
def room_on(folder: str | Path) -> Iterator[None]:
    """Raises ModelError for whatever is raised inside because the disk of the folder is full."""
    try:
        yield
    except RagError:
        raise
    except Exception as error:
        if not full(error):
            raise
        raise ModelError(
            f"the disk of {folder} is full: free some space, and the same command goes on"
        ) from error


def full(error: Exception) -> bool:
    """Whether an error says that a disk is full.

    Not all of them carry the number of the system: safetensors and shutil tell it in words, and numpy how
    much less it wrote.
    """
    if isinstance(error, OSError) and error.errno:
        return error.errno in _FULL
    said = str(error)
    short = isinstance(error, OSError) and " requested and " in said and said.endswith(" written")
    return short or any(words in said for words in _FULL.values())
