"""Puts one store's folder in the place of another; a kill in between is mended by whoever opens it next."""

from __future__ import annotations

import shutil
from pathlib import Path


def grown_beside(folder: Path) -> Path:
    """Where the folder that is to take this one's place is made."""
    return folder.with_name(folder.name + ".new")


def _aside(folder: Path) -> Path:
    return folder.with_name(folder.name + ".old")


def exchange(folder: Path) -> None:
    """The grown folder takes the place of the old one, which goes."""
    shutil.rmtree(_aside(folder), ignore_errors=True)
    folder.rename(_aside(folder))
    grown_beside(folder).rename(folder)
    shutil.rmtree(_aside(folder))


def settle(folder: Path) -> None:
    """Ends an exchange that was cut off: between its two renames, there is no folder but both others."""
    if not folder.exists() and _aside(folder).exists() and grown_beside(folder).exists():
        grown_beside(folder).rename(folder)
        shutil.rmtree(_aside(folder), ignore_errors=True)
