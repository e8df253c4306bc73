"""Ways in which a file can be damaged, drawn by chance: what a failing disk, a copy or a person leaves."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path


def _flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 1, 3, 50))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def _zero(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((1, 16, 512, 1 << 20)))
    data[start:end] = bytes(end - start)
    path.write_bytes(data)


def _cut(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data) + 1)])


def _grow(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.choice((1, 8, 4096))))


def _noise(path: Path, chance: random.Random) -> None:
    path.write_bytes(chance.randbytes(path.stat().st_size))


def _move(path: Path, chance: random.Random) -> None:
    """Two pieces of the file change places."""
    data = path.read_bytes()
    at = chance.randrange(len(data) + 1)
    path.write_bytes(data[at:] + data[:at])


def _remove(path: Path, _: random.Random) -> None:
    path.unlink()


def _folder(path: Path, _: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _other(path: Path, chance: random.Random) -> None:
    """What stands in a file beside it."""
    others = [one for one in sorted(path.parent.iterdir()) if one.is_file() and one != path]
    if others:
        shutil.copyfile(chance.choice(others), path)


WAYS: tuple[Callable[[Path, random.Random], None], ...] = (
    _flip,
    _flip,
    _zero,
    _cut,
    _grow,
    _noise,
    _move,
    _remove,
    _folder,
    _other,
)


def derived_files(folder: Path) -> list[Path]:
    """The files of the derived indexes of a store, locks left out."""
    found = [path for name in ("dense", "lexical") for path in (folder / name).rglob("*") if path.is_file()]
    return sorted([*found, *folder.glob("*.owner")])


def damage(path: Path, chance: random.Random) -> str:
    """Damages a file in a way drawn by chance; returns the way's name."""
    way = chance.choice(WAYS)
    before = path.read_bytes()
    way(path, chance)
    return "nothing" if path.is_file() and path.read_bytes() == before else way.__name__.strip("_")
