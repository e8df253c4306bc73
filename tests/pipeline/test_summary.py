"""Summaries are the documents' own words, in their order, and say nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rag import ConfigError, Document, Rag
from rag.cli import app
from rag.pipeline.summary import chosen
from rag.testing import WordEmbedder

LEASE = """# Lease

The quarry lease runs for nine years from March. Bananas are yellow and grow far away.

| year | rent |
|---|---|
| 2031 | 900 |

- the quarry lease can be ended by either side
- short one

The quarry lease runs for nine years from March on. Who signs the quarry lease for the town?
"""
HALL = "The hall has nine doors and one red gate. It stands in the valley of the old mill."


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[Rag]:
    with Rag(tmp_path / "index", embedder=WordEmbedder(4096), settings={"index.language": "english"}) as rag:
        rag.ingest(
            [
                Document.make(LEASE, "lease.md", media_type="text/markdown", metadata={"year": 2031}),
                Document.make(HALL, "hall.md", metadata={"year": 2030}),
            ]
        )
        yield rag


def test_the_choice_by_hand() -> None:
    # the mean is (2, 1)/3, so c = (2, 1)/√5; the copy of the first is left out whatever it scores
    rows = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert chosen(rows, 3) == pytest.approx({0: 2 / 5**0.5, 2: 1 / 5**0.5})
    near = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 0.6, 0.8], [0, 0, 1]], np.float32)
    # c = (.640, .426, .640): cosines .640, .768, .768, .640. Then .7 · .640 − .3 · .8 = .208,
    # .7 · .768 − .3 · .36 = .430 and .7 · .640 = .448; then .208 and .7 · .768 − .3 · .8 = .298
    assert list(chosen(near, 3)) == [1, 3, 2]
    assert len(chosen(near, 9)) == 4


def test_a_summary_quotes_in_order_and_says_nothing_twice(rag: Rag) -> None:
    told = rag.summarize(["lease.md"], sentences=2)
    assert [one.text for one in told.sentences] == [
        "The quarry lease runs for nine years from March.",
        "- the quarry lease can be ended by either side",
    ]
    assert all(LEASE[one.start : one.end] == one.quote for one in told.citations)
    whole = rag.summarize(["lease.md"], sentences=50).text
    for left_out in ("900", "short one", "Who signs"):
        assert left_out not in whole
    assert "Bananas" in whole


def test_documents_by_filter_and_by_source(rag: Rag) -> None:
    assert {one.source for one in rag.summarize(where="year = 2030").citations} == {"hall.md"}
    both = rag.summarize(["hall.md"], where="year = 2031", sentences=50)
    assert {one.source for one in both.citations} == {"hall.md", "lease.md"}
    with pytest.raises(ConfigError, match=r"none\.md is not in the index"):
        rag.summarize(["none.md"])
    with pytest.raises(ConfigError, match="nothing to sum up"):
        rag.summarize(where="year = 1900")


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "hall.md").write_text(HALL)
    index, run = str(tmp_path / "index"), CliRunner().invoke
    assert run(app, ["ingest", str(tmp_path / "hall.md"), "-i", index]).exit_code == 0
    source = Rag(index).documents()[0].source
    done = run(app, ["summarize", source, "-n", "1", "--json", "-i", index])
    assert done.exit_code == 0
    (citation,) = json.loads(done.output)["citations"]
    assert citation["quote"] in HALL
    assert run(app, ["summarize", "-i", index]).exit_code == 2
