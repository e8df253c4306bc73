"""Counts in messages: one thing is in the singular, and every message that counts says so by `counted`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rag
from rag.counts import counted

ROOM = Path(rag.__file__).parent
FOLDERS = [
    ROOM,
    *(ROOM.parent / name for name in ("stores", "indexes") if not (ROOM / name).is_dir()),
]
"""In a checkout the stores and the indexes lie beside the package, in a wheel within it."""
PLURAL = re.compile(
    r" (?:more |judged |training |held-out )?(?:answers|chunks|documents|files|hits|pages|passages|questions"
    r"|rows|sentences|terms|turns|vectors|warnings)\b(?! of a)"
)
BOUND = re.compile(
    r"(?:\bof|\bat most|\bat least|\babout|\bup to|\bfirst|\bneeds|\bexpected|\bto)(?: its)? $"
)
"""What stands before a number that is a bound or a total, and not a count."""


def test_counts_have_a_number_form_and_commas() -> None:
    assert [counted(number, "hit") for number in (0, 1, 2, 1200)] == [
        "0 hits",
        "1 hit",
        "2 hits",
        "1,200 hits",
    ]
    assert counted(1, "reply was", "replies were") == "1 reply was"
    assert counted(2, "reply was", "replies were") == "2 replies were"


def uncounted(path: Path) -> Iterator[str]:
    """Texts of a file in which a value stands before a noun in the plural, whatever the value is."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.JoinedStr):
            continue
        for place, part in enumerate(node.values[1:], 1):
            value = node.values[place - 1]
            if not (isinstance(value, ast.FormattedValue) and isinstance(part, ast.Constant)):
                continue
            before = node.values[place - 2] if place > 1 else None
            said = before.value if isinstance(before, ast.Constant) else ""
            constant = isinstance(value.value, ast.Name) and value.value.id.strip("_").isupper()
            named = re.search(r"name|suffix", ast.unparse(value.value))
            percent = isinstance(value.format_spec, ast.JoinedStr) and "%" in ast.unparse(value.format_spec)
            if PLURAL.match(part.value) and not (constant or named or percent or BOUND.search(said)):
                yield f"{path.name}:{node.lineno}: {ast.unparse(value)}{part.value}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_message_counts_one_thing_in_the_plural(folder: Path) -> None:
    assert [text for path in sorted(folder.rglob("*.py")) for text in uncounted(path)] == []
