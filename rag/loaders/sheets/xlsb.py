"""How far the sheets of an XLSB reach: its parser takes memory for all cells up to the last one."""

from __future__ import annotations

from collections.abc import Iterator

from rag.loaders.guard.archive import Archive
from rag.loaders.guard.limits import Limits

_ROW, _LAST_CELL = 0, 11  # records of rows and of cells ([MS-XLSB] 2.3.2)


def check_extent(archive: Archive, limits: Limits) -> None:
    """Raises LoadError for a sheet whose used range is huge."""
    for name in archive.names():
        if name.startswith("xl/worksheets/") and name.endswith(".bin"):
            rows, columns = _extent(archive.read(name))
            limits.check("max_cells", rows * columns, f"cells in {name}")


def _extent(data: bytes) -> tuple[int, int]:
    """The rows and columns up to the last cell, as far as the records are whole."""
    rows = columns = row = 0
    for kind, number in _records(data):
        if kind == _ROW:
            row = number + 1
        elif kind <= _LAST_CELL:
            rows, columns = max(rows, row), max(columns, number + 1)
    return rows, columns


def _records(data: bytes) -> Iterator[tuple[int, int]]:
    """Of each record its kind, and the number that its body begins with: that of a row or a column."""
    place = 0
    while place + 1 < len(data):
        kind = data[place]
        if kind & 0x80:
            kind = kind & 0x7F | data[place + 1] << 7
            place += 1
        place += 1
        size = shift = 0
        for part in data[place : place + 4]:
            place += 1
            size |= (part & 0x7F) << shift
            shift += 7
            if part < 0x80:
                break
        yield kind, int.from_bytes(data[place : place + min(size, 4)], "little")
        place += size
