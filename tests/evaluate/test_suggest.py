"""Suggested questions are answered by the index, near to what was asked, and none is what was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from rag import Document, Rag
from rag.cli import app

MILL = """The mill was built in 1841. The mill has four floors. A quern is a stone that grinds corn by hand.
It is not known who owned it."""
BRIDGE = "The bridge was opened in 1903. The bridge has seven arches. Nobody counted the boats."


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    with Rag(tmp_path_factory.mktemp("suggest") / "index") as opened:
        opened.ingest([Document.make(MILL, "mill.txt"), Document.make(BRIDGE, "bridge.txt")])
        yield opened


def test_what_is_suggested_is_answered(rag: Rag) -> None:
    found = rag.suggest(number=2)
    assert {one.source for one in found} == {"mill.txt", "bridge.txt"}, "a document after another"
    for one in found:
        answer = rag.ask(one.question)
        assert not answer.abstained
        assert one.answer in answer.text


def test_what_is_nearest_comes_first_and_not_the_question_itself(rag: Rag) -> None:
    asked = "In which year was the bridge opened?"
    found = rag.suggest(asked, number=1)
    assert found[0].question == "How many arches does the bridge have?"
    assert asked not in [one.question for one in found]


def test_the_command_shows_them_within_a_filter(rag: Rag) -> None:
    given = ["suggest", "-n", "1", "--where", "source = 'bridge.txt'", "--json", "-i", str(rag.index)]
    told = CliRunner().invoke(app, given)
    assert told.exit_code == 0, told.output
    assert {row["source"] for row in json.loads(told.output)} == {"bridge.txt"}
    nothing = CliRunner().invoke(app, ["suggest", "--where", "source = 'x'", "-i", str(rag.index)])
    assert nothing.exit_code == 3
    assert nothing.output.startswith("no question")
