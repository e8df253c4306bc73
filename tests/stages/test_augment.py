"""Feedback, memory and instruction by arithmetic, and what they make of a search."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from rag import ConfigError, Rag, StoreError
from rag.augment.feedback import build as feedback
from rag.augment.feedback import repeated, rm3, rocchio
from rag.augment.instruction import build as instruction
from rag.augment.memory import NAME, read, remember
from rag.augment.memory import build as memory
from rag.errors import CorruptError
from rag.testing import WordEmbedder
from rag.types import Query, Question
from tests.stages.small import opened

EMBEDDER = WordEmbedder(4096)


def unit(text: str) -> list[float]:
    row: list[float] = EMBEDDER.embed([text])[0].tolist()
    return row


# -------------------------------------------------------------------------------------------- feedback


def test_rocchio_moves_toward_the_mean() -> None:
    # .6 · (1, 0) + .4 · ((0, 1) + (1, 0)) / 2 = (.8, .2), whose length is √.68
    moved = rocchio(np.array([1, 0], np.float32), np.array([[0, 1], [1, 0]], np.float32), 0.6)
    assert moved.tolist() == pytest.approx([0.8 / math.sqrt(0.68), 0.2 / math.sqrt(0.68)])
    assert rocchio(np.array([1, 0], np.float32), np.zeros((0, 2), np.float32), 0.6).tolist() == [1, 0]
    assert rocchio(np.array([1, 0], np.float32), np.array([[-1, 0]], np.float32), 0.5).tolist() == [1, 0]


def test_rm3_mixes_the_question_with_the_chunks() -> None:
    # Scores ln 3 apart: P(d) = 3/4 and 1/4. P(amber) = 3/4 · 1/2 = .375, P(basil) = 3/4 · 1/2 + 1/4 = .625.
    # Mixed half and half with the question, all amber: amber .5 + .1875, basil .3125.
    chunks = [("amber basil", 5.0), ("basil", 5.0 - math.log(3))]
    weights = rm3("amber", chunks, 0.5, terms=10, language="none")
    assert weights == pytest.approx({"amber": 0.6875, "basil": 0.3125})
    # With one term, basil, its share of the chunks becomes 1.
    assert rm3("amber", chunks, 0.5, 1, "none") == pytest.approx({"amber": 0.5, "basil": 0.5})
    assert rm3("amber", [], 0.5, 10, "none") == {"amber": 0.5}
    assert rm3("", [], 0.5, 10, "none") == {}


def test_weights_become_repeated_words() -> None:
    words = repeated({"amber": 0.7, "basil": 0.296, "cedar": 0.004}).split()
    assert {word: words.count(word) for word in set(words)} == {"amber": 70, "basil": 30}
    assert repeated({}) == ""


def test_feedback_finds_what_the_first_chunks_speak_of(tmp_path: Path) -> None:
    documents = {"a.txt": "amber basil basil", "b.txt": "basil cedar", "c.txt": "delta"}
    with opened(tmp_path, documents, settings={"index.language": "none"}) as rag:
        stage = feedback(rag.store, rag.embedder, "none", read=1, alpha=0.5)
        dense, lexical = stage(Question("amber")).queries
        assert (dense.leg, lexical.leg) == ("dense", "lexical")
        # a = (1, 2) / √5, so q' ∝ .5 · (1, 0) + .5 · (1, 2) / √5
        toward = np.array(unit("amber")) * 0.5 + np.array(unit("amber basil basil")) * 0.5
        assert dense.vector == pytest.approx(toward / np.linalg.norm(toward), abs=1e-5)
        # amber .5 + .5 · 1/3, basil .5 · 2/3
        assert (lexical.text.split().count("amber"), lexical.text.split().count("basil")) == (67, 33)
    with Rag(tmp_path / "index", embedder=EMBEDDER, augment=[stage], denoise=[]) as rag:
        assert [one.chunk.source for one in rag.search("amber", k=2)] == ["a.txt", "b.txt"]
        ranks = rag.search("amber", k=2)[1].ranks
        assert (ranks["dense"], ranks["lexical"]) == (2, 2)


# ---------------------------------------------------------------------------------------------- memory


def test_a_solved_question_pulls_similar_ones_toward_what_answered_it(tmp_path: Path) -> None:
    documents = {"a.txt": "amber basil", "b.txt": "cedar delta", "c.txt": "ember fjord"}
    with opened(tmp_path, documents) as rag:
        (solved,) = [one.chunk for one in rag.search("cedar", k=1)]
        remember(rag.index, rag.embedder, "how tall is a tree", [solved.id, "gone"])
        stage = memory(rag.index, rag.store, rag.embedder, least=0.8, pull=0.5)
        # 5 of 5 words but one: cos = 4/√(4·5) = .894
        dense, lexical = stage(Question("how tall is tree")).queries
        toward = 0.5 * np.array(unit("how tall is tree")) + 0.5 * np.array(unit("cedar delta"))
        assert dense.vector == pytest.approx(toward / np.linalg.norm(toward), abs=1e-5)
        assert lexical == Query("how tall is tree", leg="lexical")
        asked = Question("how deep is water")  # 2 of 5 words: .447
        assert stage(asked) is asked
        with Rag(rag.index, embedder=EMBEDDER, augment=["memory"], retrieve="dense", denoise=[]) as other:
            assert other.search("how tall is tree", k=1)[0].chunk.source == "b.txt"


def test_a_memory_of_another_embedder_is_embedded_again(tmp_path: Path) -> None:
    remember(tmp_path, WordEmbedder(64), "how tall", ["x"])
    remember(tmp_path, EMBEDDER, "how deep", ["y"])
    found = read(tmp_path, EMBEDDER)
    assert [(one.question, one.chunk_ids) for one in found] == [("how tall", ("x",)), ("how deep", ("y",))]
    assert found[0].vector == pytest.approx(np.array(unit("how tall")))
    assert found[1].vector == pytest.approx(np.array(unit("how deep")))


def test_a_memory_without_its_chunks_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, {"a.txt": "amber"}) as rag:
        asked = Question("how tall")
        assert memory(rag.index, rag.store, rag.embedder)(asked) is asked
        remember(rag.index, rag.embedder, "how tall", ["gone"])
        assert memory(rag.index, rag.store, rag.embedder)(asked) is asked
        (rag.index / NAME).write_text(json.dumps({"question": "x"}) + "\n")
        with pytest.raises(CorruptError, match=r"solved\.jsonl, line 1"):
            memory(rag.index, rag.store, rag.embedder)(asked)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        remember(tmp_path / "file" / "no", EMBEDDER, "how tall", ["x"])
    with pytest.raises(ConfigError, match="expected a question"):
        remember(tmp_path, EMBEDDER, " ", ["x"])


# ----------------------------------------------------------------------------------------- instruction


def test_an_instruction_goes_to_the_dense_leg_only() -> None:
    stage = instruction("For a child.")
    assert stage(Question("Why?")).queries == (
        Query("Why? For a child.", leg="dense"),
        Query("Why?", leg="lexical"),
    )
    given = (Query("a", 0.5), Query("b", leg="lexical"), Query("c", vector=[1.0]))
    assert stage(Question("q", given)).queries == (
        Query("a For a child.", 0.5, "dense"),
        Query("a", 0.5, "lexical"),
        given[1],
        given[2],
    )
    with pytest.raises(ConfigError, match=r"\[stages\.instruction\]"):
        instruction(" ")


# ------------------------------------------------------------------------------------ queries and legs


@pytest.mark.parametrize("retrieve", ["hybrid", "dense", "lexical"])
def test_a_query_keeps_to_its_leg_and_may_bring_a_vector(tmp_path: Path, retrieve: str) -> None:
    def augment(question: Question) -> Question:
        vector = tuple(unit("basil"))
        return Question(
            question.text, (Query("x", leg="dense", vector=vector), Query("amber", leg="lexical"))
        )

    documents = {"a.txt": "amber", "b.txt": "basil"}
    with opened(tmp_path, documents, augment=[augment], retrieve=retrieve) as rag:
        hits = {one.chunk.source: one for one in rag.search("nothing", k=2)}
    if retrieve != "lexical":
        assert hits["b.txt"].scores["dense"] == pytest.approx(1, abs=1e-3)
    if retrieve != "dense":
        assert hits["a.txt"].ranks["lexical"] == 1
        assert "lexical" not in hits.get("b.txt", hits["a.txt"]).ranks or retrieve == "lexical"


def test_a_leg_without_a_query_says_nothing(tmp_path: Path) -> None:
    only_dense = instruction("x")

    def augment(question: Question) -> Question:
        return Question(question.text, only_dense(question).queries[:1])

    with opened(tmp_path, {"a.txt": "amber"}, augment=[augment], denoise=[]) as rag:
        (found,) = rag.search("amber", k=1)
    assert set(found.ranks) == {"dense"}
