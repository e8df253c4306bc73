"""A folder of one's own for a store whose folder may only be read: links to its index files, room for locks.

Search needs no more of the store's folder than to read it: what else it writes, locks and at times an index
made anew, goes here, and away with the store.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

_DERIVED = ("dense", "lexical")
_COPIED = 1 << 20  # bytes up to which a file is copied, as it may be written; larger ones are linked


def is_read_only(folder: Path) -> bool:
    """Whether this user, or the file system, lets nothing be written in a folder that holds a store."""
    return (folder / "store.sqlite").exists() and not os.access(folder, os.W_OK)


def shadow_of(folder: Path) -> TemporaryDirectory[str]:
    """The derived indexes of a store, in a folder that can be written."""
    made = TemporaryDirectory(prefix="rag-", ignore_cleanup_errors=True)
    own = Path(made.name)
    for name in _DERIVED:
        with suppress(OSError):  # what cannot be read is made anew
            shutil.copyfile(folder / f"{name}.owner", own / f"{name}.owner")
        for path in (folder / name).rglob("*"):
            beside = own / path.relative_to(folder)
            if path.suffix != ".lock" and path.is_file():
                beside.parent.mkdir(parents=True, exist_ok=True)
                _stand_in(path, beside)
    return made


def _stand_in(path: Path, beside: Path) -> None:
    with suppress(OSError):
        if path.stat().st_size <= _COPIED:
            shutil.copyfile(path, beside)
        else:
            beside.symlink_to(path.absolute())


def readable_database(database: Path, shadow: Path) -> str:
    """The URI by which SQLite reads the database of such a folder.

    Where a writer left its log, or is at work, the log is read too: with the writer's own shared memory, or,
    where that is out of reach, from a copy of both files.
    """
    base = f"{database.absolute().as_uri()}?mode=ro"
    if not _has_log(database):
        return f"{base}&immutable=1"
    try:
        with closing(sqlite3.connect(base, uri=True)) as connection:
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        return base
    except sqlite3.OperationalError:
        for end in ("", "-wal"):
            shutil.copyfile(f"{database}{end}", shadow / f"{database.name}{end}")
        return (shadow / database.name).as_uri()


def _has_log(database: Path) -> bool:
    try:
        return Path(f"{database}-wal").stat().st_size > 0
    except OSError:
        return False
