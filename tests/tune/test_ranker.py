"""`rag tune ranker`: the newest of three versions is what is asked for; trees run alike without lightgbm."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag import Document, Rag
from rag.denoise.hit_signals import NAMES
from rag.denoise.trees import Trees
from rag.evaluate import Case, QuestionSet
from rag.pipeline.adopted import adopted
from rag.testing import WordEmbedder
from rag.tune.listing import undone
from rag.tune.ranker import Ranked, learn, plain, tune_ranker
from rag.tune.tuning import Options

pytest.importorskip("lightgbm", reason="a ranker needs footnote-rag[tune]")
THINGS = 60
SETTINGS: dict[str, Any] = {"search.augment": [], "search.denoise": [], "index.language": "none"}


def opened(folder: Path) -> Rag:
    """Of each thing three versions in equal words; the years of their dates differ."""
    rag = Rag(folder / "index", embedder=WordEmbedder(512), settings=SETTINGS)
    if not rag.exists:
        rag.ingest(
            Document.make(
                f"price of thing{thing} {word}", f"{word}-{thing}.md", metadata={"date": f"{year}-01-01"}
            )
            for thing in range(THINGS)
            for word, year in (("beta", 2019), ("alpha", 2021), ("gamma", 2023))
        )
    return rag


def questions() -> QuestionSet:
    return QuestionSet(
        "newest",
        tuple(
            Case(str(thing), f"price of thing{thing}", relevant={f"gamma-{thing}.md": 1.0})
            for thing in range(THINGS)
        ),
    )


def test_the_newest_version_is_learned_adopted_and_explained(tmp_path: Path) -> None:
    with opened(tmp_path) as rag:
        tuned = tune_ranker(rag, questions())
        assert tuned.verdict.adopted, str(tuned)
        assert tuned.verdict.gain is not None
        assert tuned.verdict.gain.b > 0.95
    with opened(tmp_path) as rag:
        hits, trace = rag.explain("price of thing3")
        assert hits[0].chunk.source == "gamma-3.md"
        told = next(record for record in trace if record.name == "ranker")
        assert "age" in told.detail["signals"][0]["shares"]
        assert rag.variant({"search.ranker": "none"}).explain("price of thing3")[1][-1].name != "ranker"
    assert adopted(tmp_path / "index")["ranker"].options["method"] == "lambdamart"
    undone(tmp_path / "index", "ranker")
    with opened(tmp_path) as rag:
        assert all(record.name != "ranker" for record in rag.explain("price of thing3")[1])


def test_shuffled_labels_end_in_discarded(tmp_path: Path) -> None:
    with opened(tmp_path) as rag:
        tuned = tune_ranker(rag, questions(), options=Options(shuffled=1.0, doubtful="keep"))
    assert not tuned.verdict.adopted
    assert not adopted(tmp_path / "index")


def test_trees_score_as_lightgbm_does() -> None:
    chance = np.random.default_rng(0)
    lists = []
    for number in range(60):
        rows = chance.normal(size=(12, len(NAMES)))
        rows[chance.random(rows.shape) < 0.2] = np.nan
        rows[:, 3] = np.abs(rows[:, 3].round(0))  # a column of few values
        rows[:, 4] = np.nan_to_num(chance.normal(size=12))  # and one without unknown ones
        gains = (np.nan_to_num(rows[:, 0]) + np.nan_to_num(rows[:, 3]) > 1).astype(float)
        scores = tuple(random.Random(number).random() for _ in range(12))
        lists.append(Ranked(number % 5, rows, gains, scores, tuple(f"d{i}" for i in range(12)), {"d0": 1.0}))
    booster = learn(lists, 40, 0)
    new = chance.normal(size=(200, len(NAMES)))
    new[chance.random(new.shape) < 0.3] = np.nan
    scores, shares = Trees.of(plain(booster)).scored(new)
    assert np.allclose(scores, booster.predict(new), atol=1e-9)
    means = scores - shares.sum(axis=1)
    assert np.allclose(means, means[0])
