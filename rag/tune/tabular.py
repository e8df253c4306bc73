"""Questions about the cells of tables, made of the tables alone.

A row is named by its first cell, a column by its name; asked for is the cell where they meet. The passage is
the table as it stands, or the row alone as it is read when it is quoted: `Name: NP-40; Weight: 41`. A name
that no row has, and a column that the table lacks, make questions that the table does not answer.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from rag.text.tables import Row, rows

from .items import Item

_FORMS = (
    "What is the {column} of {row}?",
    "What is the {column} for {row}?",
    "{row} {column}",
    "{column} {row}",
    "Which {column} does {row} have?",
    "What {column} is given for {row}?",
    "what's {row}'s {column}?",
)
_AMOUNTS = (*_FORMS, "How much {column} does {row} have?", "How many {column} for {row}?")


def cell_questions(passage: str, title: str, chance: random.Random, most: int = 2) -> list[Item]:
    """Up to `most` questions that a table answers, each with the table or its row, and one it does not."""
    table = [row for row in rows(passage) if len(row.cells) > 1 and row.cells[0].name]
    keys = [passage[row.cells[0].start : row.cells[0].end] for row in table]
    usable = [place for place, key in enumerate(keys) if keys.count(key) == 1 and 2 < len(key) < 60]
    items: list[Item] = []
    for place in chance.sample(usable, min(most, len(usable))):
        row, key = table[place], keys[place]
        cell = chance.choice([cell for cell in row.cells[1:] if cell.name] or [row.cells[1]])
        if not cell.name:
            continue
        value = passage[cell.start : cell.end]
        forms = _AMOUNTS if value[:1].isdigit() else _FORMS
        question = chance.choice(forms).format(column=cell.name.lower(), row=key)
        if chance.random() < 0.5:
            view, spans = as_read(passage, row)
            at = spans[row.cells.index(cell)]
            items.append(Item(question, view, title, (at,), answerable=True))
            items += _wrong_row(question, passage, table, place, title, chance)
        else:
            items.append(Item(question, passage, title, ((cell.start, cell.end),), answerable=True))
            items += _without_row(question, passage, table, place, title, chance)
    return items


def as_read(text: str, row: Row) -> tuple[str, list[tuple[int, int]]]:
    """A row as its cells with the names of their columns, and where each cell's text stands in that."""
    view, spans = "", []
    for cell in row.cells:
        view += ("; " if view else "") + (f"{cell.name}: " if cell.name else "")
        spans.append((len(view), len(view) + cell.end - cell.start))
        view += text[cell.start : cell.end]
    return view, spans


def _wrong_row(
    question: str, text: str, table: Sequence[Row], right: int, title: str, chance: random.Random
) -> list[Item]:
    others = [row for place, row in enumerate(table) if place != right]
    if not others or chance.random() < 0.4:
        return []
    return [Item(question, as_read(text, chance.choice(others))[0], title, answerable=False)]


def _without_row(
    question: str, text: str, table: Sequence[Row], right: int, title: str, chance: random.Random
) -> list[Item]:
    """The table without the row that answers."""
    if len(table) < 3 or chance.random() < 0.6:
        return []
    row = table[right]
    return [
        Item(question, (text[: row.start] + text[row.end :]).replace("\n\n", "\n"), title, answerable=False)
    ]
