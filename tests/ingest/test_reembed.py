"""Another embedder over the same documents, without their files; interrupted, it goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rag import Rag
from rag.errors import ConfigError, FingerprintError, LockedError, StoreError
from rag.ingest import Progress, Report
from rag.ingest.reembed import reembed
from rag.stores import LocalStore
from rag.testing import WordEmbedder
from rag.types import Document
from tests.ingest.conftest import Notes


@pytest.fixture
def index(notes: Notes) -> Notes:
    """An index of thirty files and a note from Python, made with 64 dimensions."""
    for number in range(30):
        notes.write(f"{number:02}.txt", " ".join(f"amber{number}x{n}" for n in range(400)))
    notes.ingest(notes.docs, Document.make("kelp", "note://1"))
    return notes


def again(notes: Notes, embedder: WordEmbedder, stop_at: int = 10**9) -> Report:
    def interrupt(progress: Progress) -> None:
        if progress.documents >= stop_at:
            raise KeyboardInterrupt

    with Rag(notes.base / ".rag", embedder=embedder) as rag:
        return reembed(rag, progress=interrupt)


def test_documents_get_new_vectors_and_files_are_not_read_again(index: Notes) -> None:
    before = index.stored()
    with pytest.raises(FingerprintError, match="--reembed"):
        Rag(index.base / ".rag", embedder=WordEmbedder(32)).store  # noqa: B018
    shutil.move(index.docs, index.base / "away")
    again(index, WordEmbedder(32))
    shutil.move(index.base / "away", index.docs)
    index.embedder = WordEmbedder(32)
    assert index.stored() == before
    with index.open() as rag:
        assert rag.store.stats()["dim"] == 32
        assert rag.search("amber7x3")[0].chunk.source == "docs/07.txt"

    index.load = lambda path, source: []
    report = index.ingest()
    assert (report.changed, report.failed, report.embedded) == (False, [], 0)
    assert sorted(path.name for path in index.base.iterdir()) == [".rag", "docs"]


def test_an_interrupted_run_leaves_the_old_index_and_goes_on(index: Notes) -> None:
    embedder = WordEmbedder(32)
    with pytest.raises(KeyboardInterrupt):
        again(index, embedder, stop_at=12)
    half = embedder.embedded
    assert len(index.stored()) == 31  # by the old embedder
    index.ingest(Document.make("lotus", "note://2"))
    with index.open() as rag:
        assert rag.remove(["docs/00.txt"]) == ["docs/00.txt"]
    again(index, embedder)
    chunks = embedder.embedded
    index.embedder = embedder
    with index.open() as rag:
        sources = {info.source for info in rag.documents()}
        assert len(sources) == 31
        assert "note://2" in sources
        assert "docs/00.txt" not in sources
        assert rag.store.stats()["chunks"] - half <= chunks - half < rag.store.stats()["chunks"]


def test_a_half_made_index_of_a_third_embedder_is_in_nobodys_way(index: Notes) -> None:
    with pytest.raises(KeyboardInterrupt):
        again(index, WordEmbedder(16), stop_at=12)
    again(index, WordEmbedder(32))
    index.embedder = WordEmbedder(32)
    assert len(index.stored()) == 31


def test_a_kill_between_the_two_steps_of_the_exchange_is_mended(index: Notes) -> None:
    shutil.copytree(index.base / ".rag", index.base / ".rag.old")
    (index.base / ".rag").rename(index.base / ".rag.new")
    assert again(index, WordEmbedder(32)).added
    index.embedder = WordEmbedder(32)
    assert len(index.stored()) == 31


def test_any_opening_mends_such_a_kill(index: Notes) -> None:
    shutil.copytree(index.base / ".rag", index.base / ".rag.old")
    (index.base / ".rag").rename(index.base / ".rag.new")
    assert len(index.stored()) == 31
    assert sorted(path.name for path in index.base.glob(".rag*")) == [".rag"]


def test_the_embedder_that_is_there_already_and_no_index_at_all(index: Notes, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has been made with this embedder"):
        again(index, WordEmbedder())
    with pytest.raises(StoreError, match="there is no index"):
        reembed(Rag(tmp_path / "nothing", embedder=WordEmbedder()))


def test_a_reader_and_a_writer_of_the_old_index_notice(index: Notes) -> None:
    old = LocalStore.open(index.base / ".rag", fingerprint="words-64", dim=64)
    assert len(old.lexical("kelp", 1)) == 1
    with old.writing(), pytest.raises(LockedError):
        again(index, WordEmbedder(32))
    again(index, WordEmbedder(32))
    with pytest.raises(StoreError, match="replaced"):
        old.lexical("kelp", 1)
    with pytest.raises(StoreError, match="replaced"):
        old.delete(["x"])
    old.close()
