"""The tables of a page in the place of their lines."""

from __future__ import annotations

from collections.abc import Sequence

from ..drawn import Drawn
from ..lines import Line
from .bare import bare_tables
from .prose import sides
from .ruled import ruled_tables
from .table import Item, Table


def items_of(lines: Sequence[Line], drawn: Drawn) -> list[Item]:
    """The lines of a page with its tables in the place of their lines."""
    found: list[tuple[Table, set[int]]] = []
    free = set(range(len(lines)))
    for table, used in ruled_tables(lines, drawn):
        if used <= free:
            found.append((table, used))
            free -= used
    for places in sides(lines, {place for place in free if not lines[place].entry}):
        found += bare_tables(lines, places, drawn)
    first = {min(used): (table, used) for table, used in found}
    gone = {place for _, used in found for place in used}
    items: list[Item] = []
    for place, line in enumerate(lines):
        if place in first:
            items.append(first[place][0])
        elif place not in gone:
            items.append(line)
    return items
