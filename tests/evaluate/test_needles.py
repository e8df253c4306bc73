"""Needles: a generator with a known window is found to have that window, and figures repeat by seed."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag import ConfigError, Document, Hit, Question, Rag
from rag.cli import app
from rag.evaluate.experiments.needles import WORDINGS, made, needles
from rag.testing import WordEmbedder

WINDOW = 200  # tokens that the generator below reads


def windowed(question: Question, hits: Sequence[Hit]) -> Iterator[str]:
    """Says the code behind the asked name, if it stands within its window; follows no chain."""
    text = " ".join(" ".join(hit.chunk.text for hit in hits).split()[:WINDOW])
    name = re.search(r"of ([A-Z]\w+ [A-Z]\w+)\?", question.text)
    found = name and re.search(rf"locker code of {name[1]} is (\d+)", text)
    if found:
        yield f"The code is {found[1]} [1]."


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[Rag]:
    made = Rag(tmp_path / "i", embedder=WordEmbedder(4096), generate=windowed, ground=[], augment=[])
    with made as rag:
        rag.ingest(
            Document.make(f"Report {n}. " + f"Item {n} weighs little today. " * 10, f"{n}.md")
            for n in range(60)
        )
        yield rag


def test_the_window_of_a_generator_is_found(rag: Rag, tmp_path: Path) -> None:
    found = needles(rag, [100, 150, 600, 1200], number=4, wordings=("literal",), out=tmp_path)
    assert [found.share(tokens=length).mean for length in (100, 150)] == [1, 1]
    # at 600 and 1,200 tokens the beginning lies in the window of 200 words, the middle and the end do not
    assert [found.share(tokens=600, depth=depth).mean for depth in (0.0, 0.5, 1.0)] == [1, 0, 0]
    assert found.fall(600).mean == pytest.approx(-2 / 3)
    assert found.widest == 150
    assert "good up to 150 tokens" in str(found)
    assert "how much text it can use" in (tmp_path / "needles.html").read_text("utf-8")
    again = needles(rag, [100, 150, 600, 1200], number=4, wordings=("literal",), out=tmp_path / "again")
    assert again.cells == found.cells


def test_the_ways_of_asking_differ_in_what_they_ask_of_a_generator(rag: Rag, tmp_path: Path) -> None:
    found = needles(rag, [100], [0.0], number=3, out=tmp_path)
    assert {kind: found.share(wording=kind).mean for kind in WORDINGS} == {
        "literal": 1,
        "reworded": 0,  # it knows one way of asking
        "keys": 1,
        "chain": 0,  # and follows none
    }


def test_a_needle_has_one_right_code_and_a_chain_two_facts() -> None:
    for wording in WORDINGS:
        needle = made(wording, random.Random(7))
        assert needle == made(wording, random.Random(7))
        assert needle.code in needle.facts[-1]
        assert needle.code not in needle.question
        assert len(needle.facts) == (2 if wording == "chain" else 1)
        assert all(code in needle.facts[0] for code in needle.others)
    assert len(made("keys", random.Random(7)).others) == 9


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tokens": [0]}, "expected lengths"),
        ({"depths": [50]}, "expected shares from 0 to 1"),
        ({"wordings": ["loud"]}, "wordings are loud"),
        ({"tokens": [10**6]}, "tokens of text, and 1,000,000 are asked for"),
        ({"number": 0}, "expected 1 or more"),
    ],
)
def test_what_cannot_be_measured_is_refused(rag: Rag, given: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        needles(rag, **given)  # type: ignore[arg-type]


def test_the_command(tmp_path: Path) -> None:
    with Rag(tmp_path / "i") as rag:
        rag.ingest(
            Document.make(f"The mill by the river {n} was quiet all day. " * 6, f"{n}.txt") for n in range(9)
        )
    given = ["eval", "needles", "--tokens", "50,100", "--depth", "0,100", "--number", "1"]
    given += ["--wording", "literal", "--json"]
    told = CliRunner().invoke(app, [*given, "-i", str(tmp_path / "i"), "--out", str(tmp_path / "o")])
    assert told.exit_code == 0, told.output
    values = json.loads(told.output)
    assert values["generator"] == "extractive"
    cells = {(cell["tokens"], cell["depth"]) for cell in values["cells"]}
    assert cells == {(50, 0), (50, 1), (100, 0), (100, 1)}
    wrong = CliRunner().invoke(app, ["eval", "needles", "--tokens", "few", "-i", str(tmp_path / "i")])
    assert wrong.exit_code == 2
