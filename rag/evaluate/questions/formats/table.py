"""CSV and TSV with a heading: `question`, `answers`, and if known `id` and `relevant`; the rest is meta.

Several answers or documents stand in one cell, separated by ` | `. An empty `answers` cell beside an empty
`relevant` one marks a question that has no answer.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case

from .rows import case_of, text_of

_LISTS = ("answers", "golden_answers", "answer", "relevant", "left_out", "without")


def read(path: Path) -> Iterator[Case]:
    """Every row's case; a row without an id is called by its number."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    rows = csv.reader(io.StringIO(text_of(path), newline=""), delimiter=delimiter, strict=True)
    try:
        heading = [name.strip() for name in next(rows, [])]
        if "question" not in heading or not set(_LISTS) & set(heading):
            raise ConfigError(
                f"{path}:1: the heading is {', '.join(heading) or 'empty'}; "
                "expected question, and answers or relevant"
            )
        number = 0
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            number += 1
            where = f"{path}:{rows.line_num}"
            if len(row) != len(heading):
                raise ConfigError(
                    f"{where}: {len(row)} cells, expected {len(heading)} as in the heading; "
                    f'put text that holds {delimiter!r} in double quotes ("…")'
                )
            yield case_of(_fields(heading, row), where, number)
    except csv.Error as error:
        raise ConfigError(f"{path}:{rows.line_num}: no CSV ({error}): check the double quotes") from error


def _fields(heading: list[str], row: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, cell in zip(heading, row, strict=True):
        if name in _LISTS:
            fields[name] = [part.strip() for part in cell.split("|") if part.strip()]
        elif cell.strip():
            fields[name] = cell.strip()
    return fields
