"""Signals of hits, trees over them, and the two stages that order by signals: known numbers."""

from __future__ import annotations

import json
import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from rag.denoise.hit_signals import NAMES, age_of, kind_of, now, table
from rag.denoise.ranker import Ranker, build
from rag.denoise.signals import build as signals
from rag.denoise.trees import FILE, Trees, load
from rag.errors import ConfigError, CorruptError
from rag.trace import Trace
from rag.types import Chunk, Hit, Question

TODAY = date(2030, 5, 10)
STUMP = {"column": [0, -1, -1], "threshold": [0.5, 0, 0], "left": [1, 0, 0], "right": [2, 0, 0],
         "missing_left": [True, False, False], "value": [0.5, 0.0, 2.0]}  # fmt: skip
"""Below .5 or unknown 0, above it 2; three rows of four were below: mean .5."""


def hit(text: str, score: float = 1.0, source: str = "a.md", **more: object) -> Hit:
    chunk = Chunk(text, source, source, text, 0, len(text), **more)  # type: ignore[arg-type]
    return Hit(chunk, score, {"dense": 2}, {"dense": 0.5, "rerank": 1.0})


def test_signals_are_what_they_say() -> None:
    first = hit("Roses grow here", 3.0, title="On roses", metadata={"date": "2030-05-01"})
    second = Hit(hit("Tulips", source="b.pdf").chunk, 1.0, {"lexical": 1}, {"lexical": 7.0})
    rows = table("Where do roses grow?", [first, second], "english", TODAY)
    told = [dict(zip(NAMES, row, strict=True)) for row in rows.tolist()]
    assert told[0]["dense"] == 0.5
    assert told[0]["dense_gap"] == 0
    assert told[0]["reader"] == 1.0
    assert (told[0]["score"], told[1]["score"]) == (1.0, -1.0)  # z of 3 and 1
    assert (told[0]["place"], told[1]["place"]) == (1, 2)
    assert told[0]["in_title"] == 0.5  # rose of rose, grow
    assert told[0]["in_text"] == 1.0
    assert told[0]["age"] == 9
    assert told[0]["words"] == 3
    assert told[0]["kind_page"] == told[1]["kind_pdf"] == 1
    assert math.isnan(told[1]["reader"])
    assert math.isnan(told[1]["age"])
    assert told[1]["lexical_rank"] == 1


def test_kinds_and_ages() -> None:
    assert [kind_of(one) for one in ("x/y.PDF", "a.md#3", "mail.eml", "noise")] == [
        "pdf", "page", "mail", "other",
    ]  # fmt: skip
    assert math.isnan(age_of(hit("t", metadata={"date": "2030-13-45"}).chunk, TODAY))
    assert age_of(hit("t", metadata={"modified": "2030-05-09T10:00:00Z"}).chunk, TODAY) == 1


def test_trees_add_up_and_tell_each_columns_share() -> None:
    trees = Trees.of({"columns": ["one", "two"], "trees": [STUMP, {**STUMP, "column": [1, -1, -1]}]})
    rows = np.array([[0.2, 0.9], [math.nan, 0.5], [0.9, 0.9]])
    scores, shares = trees.scored(rows)
    assert scores.tolist() == [2.0, 0.0, 4.0]
    assert shares.tolist() == [[-0.5, 1.5], [-0.5, -0.5], [1.5, 1.5]]
    # the roots' means, .5 + .5, and the shares make the score
    assert (1.0 + shares.sum(axis=1)).tolist() == scores.tolist()


@pytest.mark.parametrize(
    "tree",
    [
        {**STUMP, "left": [0, 0, 0]},
        {**STUMP, "right": [3, 0, 0]},
        {**STUMP, "column": [99, -1, -1]},
        {**STUMP, "value": [1.0]},
        {**STUMP, "value": [0.5, math.inf, 2.0]},
    ],
)
def test_trees_that_lead_nowhere_are_refused(tree: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"lists differ in length|leads nowhere|no number"):
        Trees.of({"columns": ["one", "two"], "trees": [tree]})
    (tmp_path / FILE).write_text(
        json.dumps({"columns": list(NAMES), "trees": [tree]}).replace("Infinity", "1e999")
    )
    with pytest.raises(CorruptError, match="`rag tune undo ranker`"):
        load(tmp_path, NAMES)


def test_trees_of_other_signals_are_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"columns": ["one"], "trees": [STUMP]}))
    with pytest.raises(CorruptError, match="other signals"):
        load(tmp_path, NAMES)


def test_the_ranker_blends_and_tells_why() -> None:
    words = {**STUMP, "column": [NAMES.index("words"), -1, -1], "threshold": [1.5, 0, 0]}
    trees = Trees.of({"columns": list(NAMES), "trees": [words]})
    hits = [hit("one", 4.0, "a.md"), hit("two words", 2.0, "b.md"), hit("deep", 1.0, "c.md")]
    trace = Trace("q")
    found = trace.run("denoise", Ranker(trees, 1.0, "english", reach=2), Question("q"), hits)
    assert [one.chunk.source for one in found] == ["b.md", "a.md", "c.md"]
    assert found[0].scores["ranker"] == 2.0
    assert found[0].ranks["ranker"] == 1
    assert found[2].score <= found[1].score
    assert trace.records[0].detail["signals"][0] == {"source": "b.md", "shares": {"words": 1.5}}
    # z(4, 2) = 1, −1 and z(0, 2) = −1, 1: at w = .25 the order stays
    kept = Ranker(trees, 0.25, "english")(Question("q"), hits[:2])
    assert [(one.chunk.source, one.score) for one in kept] == [("a.md", 0.5), ("b.md", -0.5)]
    assert not Ranker(trees, 0.5, "english")(Question("q"), [])


def test_a_ranker_that_nobody_adopted_is_an_error() -> None:
    with pytest.raises(ConfigError, match="`rag tune ranker` makes one"):
        build(None)


def test_new_documents_and_chosen_sources_go_first() -> None:
    today = now()
    old = hit("old", 2.0, "old.md", metadata={"date": (today - timedelta(days=365)).isoformat()})
    new = hit("new", 1.0, "new.md", metadata={"date": today.isoformat()})
    # z(2, 1) = 1, −1; with recency 3: 1 + 3/2 = 2.5 and −1 + 3 = 2; with 5: 3.5 and 4
    assert [one.score for one in signals(recency=3.0)(Question("q"), [old, new])] == [2.5, 2.0]
    trace = Trace("q")
    found = trace.run("denoise", signals(recency=5.0), Question("q"), [old, new])
    assert [(one.chunk.source, one.score) for one in found] == [("new.md", 4.0), ("old.md", 3.5)]
    assert trace.records[0].detail["signals"][1]["shares"] == {"recency": 5.0, "source": 0.0}
    liked = signals(recency=0.0, prefer=("new*",), prefer_weight=3.0)(Question("q"), [old, new])
    assert [one.chunk.source for one in liked] == ["new.md", "old.md"]
    assert signals()(Question("q"), []) == []
