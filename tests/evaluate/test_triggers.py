"""Words before a planted passage that bring it near a question, and where it then stands among the hits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import Case, Document, Rag
from rag.evaluate.experiments import perturb
from rag.evaluate.experiments.triggers import CANDIDATES, LENGTH, Triggers
from rag.testing import WordEmbedder
from rag.types import Chunk, Hit

QUESTION = "amber basil cedar"


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[Rag]:
    with Rag(tmp_path / "index", embedder=WordEmbedder(4096), settings={"index.language": "english"}) as rag:
        rag.ingest([Document.make("amber birch cedar", "a.md"), Document.make("dill fern", "b.md")])
        yield rag


def test_each_word_of_a_trigger_brings_the_passage_nearer(rag: Rag) -> None:
    """Each word is an axis. Of three words asked two stand in the index.

    With three of each cos = 6 / (√3 · √(9 + 9 + 1)) = .795; a fourth amber gives 7 / (√3 · √26) = .793.
    """
    text, cosine = Triggers(rag.embedder, rag.store).found(QUESTION, "mint")
    assert sorted(text.split()) == 3 * ["amber"] + 3 * ["cedar"] + ["mint"], "basil is not in the index"
    assert text.endswith(" mint")
    assert cosine == pytest.approx(6 / 57**0.5)


def test_nothing_is_added_where_no_word_brings_it_nearer(rag: Rag) -> None:
    triggers = Triggers(rag.embedder, rag.store)
    assert triggers.found("zinnia", "mint") == ("mint", pytest.approx(0.0))
    assert triggers.found("amber cedar", "amber cedar")[0] == "amber cedar"


def test_what_was_found_is_not_searched_again(rag: Rag) -> None:
    embedder = rag.embedder
    assert isinstance(embedder, WordEmbedder)
    triggers = Triggers(embedder, rag.store)
    first = triggers.found(QUESTION, "mint")
    before = embedder.embedded
    assert triggers.found(QUESTION, "mint") == first
    assert embedder.embedded == before
    triggers.found(QUESTION, "sage")
    assert embedder.embedded - before <= 2 + LENGTH * CANDIDATES, "and no word of the index"


def test_an_index_without_words_has_none_to_offer(tmp_path: Path) -> None:
    with Rag(tmp_path / "index", embedder=WordEmbedder(64)) as rag:
        rag.ingest([Document.make("1 2 3", "a.md")])
        assert Triggers(rag.embedder, rag.store).found("amber", "mint")[0] == "mint"


def hit(name: str, dense: float | None, score: float) -> Hit:
    scores = {} if dense is None else {"dense": dense}
    return Hit(Chunk(name, name, f"{name}.md", name, 0, len(name)), score, {}, scores)


def test_a_passage_stands_where_its_cosine_puts_it(rag: Rag) -> None:
    triggers = Triggers(rag.embedder, rag.store)
    case = Case("1", QUESTION, ("oak",))
    hits = [hit("near", 0.9, 3.0), hit("far", 0.1, 2.0), hit("lexical", None, 1.0)]
    (near, planted, far, last) = perturb.triggered(hits, case, "elm", 1, triggers)
    assert [near, far, last] == hits
    assert planted.chunk.source == "triggered-0:far.md"
    assert "It is elm, as is well established." in planted.chunk.text
    assert QUESTION not in planted.chunk.text
    assert planted.score == 2.0
    assert 0.1 < planted.scores["dense"] < 0.9


def test_a_passage_that_is_not_found_is_not_planted(rag: Rag) -> None:
    triggers = Triggers(rag.embedder, rag.store)
    hits = [hit("near", 0.9, 3.0), hit("next", 0.8, 2.0)]
    assert perturb.triggered(hits, Case("1", QUESTION, ("oak",)), "elm", 5, triggers) == hits


def test_five_passages_differ(rag: Rag) -> None:
    triggers = Triggers(rag.embedder, rag.store)
    case = Case("1", QUESTION, ("oak",))
    planted = perturb.triggered([hit("far", 0.0, 1.0)], case, "elm", 5, triggers)
    assert len({one.chunk.text for one in planted}) == len({one.chunk.id for one in planted}) == 6
