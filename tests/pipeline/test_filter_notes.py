"""A filter that lets nothing through is told what of it can never match."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from rag import Document, Rag
from rag.cli import app
from rag.retrieve.filter_notes import filter_notes
from rag.stores import parse_where

METADATA = {"year": 2024, "lang": "de", "draft": False, "tags": ["a", "b"]}


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    folder = tmp_path_factory.mktemp("filters")
    with Rag(folder / ".rag") as opened:
        opened.ingest([Document.make("amber", "a.txt", metadata=METADATA)])
        yield opened


@pytest.mark.parametrize(
    ("where", "notes"),
    [
        ("colour = red", ["no document has the field 'colour'"]),
        (
            "not colour = red and size > 3",
            [f"no document has the field '{name}'" for name in ("colour", "size")],
        ),
        ("page = 3", ["no document has a page"]),
        ('year = "2024"', ["'year' is a number, never text"]),
        ("year = true", ["'year' is a number, never true or false"]),
        ("lang >= 3", ["'lang' is text, never a number"]),
        ("draft in [no, off]", ["'draft' is true or false, never text"]),
        ("source in [1, 2]", ["'source' is text, never a number"]),
        ("tags = a", ["'tags' is a list: ask with has instead of ="]),
        ("lang has de", ["'lang' is no list: ask with = instead of has"]),
        ("title has de", ["'title' is no list: ask with = instead of has"]),
        # What could match and does not needs no word.
        ("year = 2023", []),
        ("tags has c", []),
        ("draft = true", []),
        ("lang in [1, fr]", []),
        ('source ~ "*.md"', []),
        ("not year exists", []),
    ],
)
def test_what_can_never_match_is_named(rag: Rag, where: str, notes: list[str]) -> None:
    assert rag.documents(where) == []
    assert filter_notes(parse_where(where), rag.documents) == notes


def test_many_conditions_ask_the_store_a_bounded_number_of_times() -> None:
    asked: list[object] = []
    where = " or ".join(f"a{number} = 1" for number in range(500))
    assert len(filter_notes(parse_where(where), lambda one: asked.append(one) or [])) == len(asked) == 20


def test_the_commands_say_it(rag: Rag) -> None:
    for command in (["ls"], ["search", "amber"], ["ask", "amber"], ["rm", "--yes"]):
        told = CliRunner().invoke(app, [*command, "--where", 'year = "2024"', "-i", str(rag.index)])
        assert "note: 'year' is a number, never text; `rag ls --json` shows what each has" in told.stderr
