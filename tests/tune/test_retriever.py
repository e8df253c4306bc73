"""`rag tune retriever`: a gap of words is learned and adopted, shuffled labels are discarded, and undone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rag import Document, Rag
from rag.doctor import examine
from rag.errors import ConfigError, CorruptError, FingerprintError, StoreError
from rag.evaluate import Case, QuestionSet
from rag.pipeline.adopted import Card, adopt, adopted, folder_of
from rag.retrieve.query_map import FILE, QueryMap
from rag.tune.listing import listing, undone
from rag.tune.retriever import tune_retriever
from rag.tune.tuning import Options

from .jargon import documents, opened, questions


def test_a_map_moves_queries_and_keeps_their_length(tmp_path: Path) -> None:
    turned = np.array([[0, 1, 0], [1, 0, 0]], np.float32)  # swaps the two axes
    query_map = QueryMap(turned)
    rows = np.array([[0.6, 0.8], [1, 0]], np.float32)
    assert np.allclose(query_map(rows), [[0.8, 0.6], [0, 1]])
    shifted = QueryMap(np.array([[1, 0, 0], [0, 1, 3]], np.float32))
    assert np.allclose(shifted(np.array([[1, 0]], np.float32)), [[1 / 10**0.5, 3 / 10**0.5]])
    query_map.save(tmp_path)
    assert (QueryMap.load(tmp_path).matrix == turned).all()


def test_a_damaged_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptError, match="cannot be read"):
        QueryMap.load(tmp_path)
    np.save(tmp_path / FILE, np.zeros((2, 2), np.float32))
    with pytest.raises(CorruptError, match=r"shape \(2, 2\), expected finite float32 of \(dim, dim \+ 1\)"):
        QueryMap.load(tmp_path)


def test_a_gap_of_words_is_learned_adopted_and_undone(tmp_path: Path) -> None:
    with opened(tmp_path) as rag:
        before = [rag.search(case.question)[0].chunk.source for case in questions()]
        tuned = tune_retriever(rag, questions())
        assert tuned.verdict.adopted
        assert tuned.verdict.gain is not None
        assert tuned.verdict.gain.difference.low > 0.2
        held = tuned.sides.held
        assert not {name for case in tuned.sides.train for name in case.relevant} & tuned.sides.barred
    with opened(tmp_path) as rag:  # a new process finds it
        right = [rag.search(case.question)[0].chunk.source == case.id for case in held]
        assert sum(right) / len(right) > 0.9
        assert rag.embedder.embedded < len(held) + 10  # type: ignore[attr-defined]  # no document again
    card = adopted(tmp_path / "index")["retriever"]
    assert card.verdict["adopted"]
    assert card.data["questions"]["fingerprint"] == questions().fingerprint
    assert card.options["method"] == "adapter"
    shown = listing(tmp_path / "index")
    assert str(shown).startswith("retriever adopted")
    assert [row["adopted"] for row in shown.verdicts] == [True]
    assert str(undone(tmp_path / "index", "retriever")).endswith("the index is as it came")
    with opened(tmp_path) as rag:
        assert [rag.search(case.question)[0].chunk.source for case in questions()] == before
    with pytest.raises(ConfigError, match="no retriever is adopted"):
        undone(tmp_path / "index", "retriever")


def test_a_better_one_replaces_and_undo_brings_the_first_back(tmp_path: Path) -> None:
    few = QuestionSet("few", tuple(case for case in questions() if int(case.id.rpartition("-")[2]) < 9))
    with opened(tmp_path) as rag:
        assert tune_retriever(rag, few).verdict.adopted
    made = (folder_of(tmp_path / "index", "retriever") / FILE).read_bytes()
    with opened(tmp_path) as rag:  # again the same: nothing is gained over what is adopted
        assert not tune_retriever(rag, few).verdict.adopted
    other = tmp_path / "other"
    other.mkdir()
    QueryMap(np.eye(256, 257, dtype=np.float32)).save(other)
    adopted(tmp_path / "index")["retriever"].write(other)
    adopt(tmp_path / "index", other)
    assert (folder_of(tmp_path / "index", "retriever") / FILE).read_bytes() != made
    assert "counts again" in str(undone(tmp_path / "index", "retriever"))
    assert (folder_of(tmp_path / "index", "retriever") / FILE).read_bytes() == made


def test_shuffled_labels_end_in_discarded(tmp_path: Path) -> None:
    with opened(tmp_path) as rag:
        tuned = tune_retriever(rag, questions(), options=Options(shuffled=1.0, doubtful="keep"))
    assert not tuned.verdict.adopted
    assert str(tuned.verdict).startswith("discarded: ")
    assert not adopted(tmp_path / "index")
    assert json.loads((tuned.place.parent / "verdict.json").read_text())["adopted"] is False


def test_an_adopted_part_of_another_embedder_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as rag:
        assert tune_retriever(rag, questions()).verdict.adopted
    other = tmp_path / "other"
    with opened(other, dim=300) as rag:
        (tmp_path / "index" / "tuned").rename(other / "index" / "tuned")
    with opened(other, dim=300) as rag:
        with pytest.raises(
            FingerprintError, match=r"words-256, and the index has words-300: .* undo retriever"
        ):
            rag.search("zog thing1")
        assert rag.variant({"search.adapter": "none"}).search("zog thing1")
    named = opened(other, dim=300, **{"search.adapter": str(tmp_path)})
    with named as rag, pytest.raises(ConfigError, match="holds no tuned retriever"):
        rag.search("zog thing1")


def test_doctor_shows_what_is_adopted_and_what_is_refused(tmp_path: Path) -> None:
    index = tmp_path / "index"
    with Rag(index, settings={"index.language": "none"}) as rag:
        rag.ingest(Document.make("The hall opened in 1931.", "hall.md"))
        fingerprint = rag.embedder.fingerprint
    made = tmp_path / "made"
    made.mkdir()
    data = {"questions": {"name": "ours"}}
    Card("retriever", fingerprint, data=data, verdict={"reason": "proven"}, made="today").write(made)
    adopt(index, made)
    what = "tuned retriever, adopted today by ours: proven"
    assert ("ok", what, "") in examine(index)
    Card("retriever", "another@1").write(folder_of(index, "retriever"))
    (refused,) = [finding for finding in examine(index) if finding.level == "error"]
    assert "was made for the embedder another@1" in refused.what
    assert refused.mend == f"rag tune undo retriever --index {index}"
    (folder_of(index, "retriever") / "card.json").write_text("{")
    (damaged,) = [finding for finding in examine(index) if finding.level == "error"]
    assert "`rag tune undo retriever`" in damaged.what
    assert not damaged.mend
    undone(index, "retriever")
    assert not [finding for finding in examine(index) if finding.level == "error"]


def test_a_trial_on_a_corpus_changes_no_index(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    rows = ({"id": one.source, "text": one.text} for one in documents())
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with opened(tmp_path) as rag:
        tuned = tune_retriever(rag, questions(), corpus=corpus)
    assert tuned.verdict.adopted
    assert "a trial on --corpus" in str(tuned)
    assert not adopted(tmp_path / "index")


def test_bad_input_is_one_clear_error_and_adopts_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as rag:
        foreign = QuestionSet(
            "foreign", tuple(Case(str(i), f"what {i}?", (), {f"x{i}": 1}) for i in range(90))
        )
        with pytest.raises(
            ConfigError, match="no document that answers the questions of foreign is in the index"
        ):
            tune_retriever(rag, foreign)
        with pytest.raises(ConfigError, match="are too few"):
            tune_retriever(rag, questions().first(12))
    assert not adopted(tmp_path / "index")
    with pytest.raises(ConfigError, match="there is no part 'chunker'"):
        undone(tmp_path / "index", "chunker")
    with Rag(tmp_path / "none") as rag, pytest.raises(StoreError, match="there is no index"):
        tune_retriever(rag, questions())


def test_a_list_of_nothing_tells_where_there_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no index at"):
        listing(tmp_path / "index")
    with opened(tmp_path):
        assert str(listing(tmp_path / "index")) == "nothing is adopted"
