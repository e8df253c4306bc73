"""A writer killed at any moment loses nothing that it reported, and the next one finishes its work."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from rag.stores import LocalStore, Upsert
from rag.testing import WordEmbedder
from rag.testing.store import WORDS
from tests.stores.fresh import assert_like_a_fresh_build
from tests.stores.ingesting import DIM, ingest, load, open_rag

ROUNDS = 28
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.stores.ingesting", "rag.ingest.run", "faiss", "tantivy"])


def write(path: Path, chance: random.Random) -> None:
    """A text of three to six paragraphs, each a chunk or more."""
    paragraphs = [" ".join(chance.choices(WORDS, k=9)) + "." for _ in range(chance.randint(3, 6))]
    path.write_text("\n\n".join(paragraphs))


def change(files: Path, chance: random.Random) -> None:
    """Some files edited, some removed, some new."""
    there = sorted(files.iterdir())
    for path in chance.sample(there, min(len(there), 8)):
        write(path, chance)
    for path in chance.sample(there, max(0, min(3, len(there) - 30))):
        path.unlink()
    for _ in range(4):
        write(files / f"book-{chance.randrange(10**6)}.txt", chance)


def open_here(folder: Path) -> LocalStore:
    return LocalStore.open(folder / ".rag", fingerprint=f"words-{DIM}", dim=DIM, language="english")


def received(pipe: Connection) -> list[tuple[str, str, str]]:
    """All that a process has sent; a message cut off by the kill was never told."""
    told = []
    try:
        while pipe.poll():
            told.append(pipe.recv())
    except (EOFError, OSError):
        pass
    return told


def killed(folder: Path, chance: random.Random, *, in_sync: bool) -> list[tuple[str, str, str]]:
    """What an ingest told before it was killed, at a random moment of its whole run or of its sync."""
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=ingest, args=(folder, there), daemon=True)
    process.start()
    there.close()
    told: list[tuple[str, str, str]] = []
    until = time.monotonic() + 60
    while in_sync and ("syncing", "", "") not in told and process.is_alive() and time.monotonic() < until:
        told += [here.recv()] if here.poll(0.05) else []
    time.sleep(chance.uniform(0, 0.02 if in_sync else 0.35))
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    told += received(here)
    here.close()
    return told


def as_it_should_be(store: LocalStore) -> list[Upsert]:
    """The stored documents cut and embedded anew."""
    rag, embedder = open_rag(store.folder.parent, store), WordEmbedder(DIM)
    items = []
    for info in store.documents():
        (document,) = store.load([info.id])
        chunks = rag.chunks(document)
        items.append(Upsert(document, chunks, embedder.embed([c.indexed_text for c in chunks]), info.hash))
    return items


@pytest.mark.timeout(240)
def test_kills_lose_nothing_and_leave_nothing_half_done(tmp_path: Path) -> None:
    chance = random.Random(20)
    files = tmp_path / "files"
    files.mkdir()
    for number in range(40):
        write(files / f"book-{number}.txt", chance)
    last: dict[str, tuple[str, str]] = {}
    stored_rounds = sync_rounds = 0

    for turn in range(ROUNDS):
        told = killed(tmp_path, chance, in_sync=turn % 3 == 2)
        stored_rounds += any(what == "stored" for what, _, _ in told)
        sync_rounds += ("syncing", "", "") in told and ("done", "", "") not in told
        last |= {document_id: (what, content) for what, document_id, content in told if document_id}

        store = open_here(tmp_path)
        there = {info.id: info.hash for info in store.documents()}
        for document_id, (what, content) in last.items():
            # A document may have been replaced by one that was stored but not yet told of; then it is newer.
            assert what == "gone" or document_id in there, (turn, document_id)
            if what == "stored" and there[document_id] != content:
                assert document_id not in {told_id for kind, told_id, _ in told if kind == "stored"}
        sources = [info.source for info in store.documents()]
        assert len(sources) == len(set(sources))
        assert_like_a_fresh_build(store, as_it_should_be(store), [" ".join(WORDS[:2]), WORDS[5]])
        store.close()
        change(files, chance)

    assert stored_rounds >= 5
    assert sync_rounds >= 3

    store = open_here(tmp_path)
    open_rag(tmp_path, store).ingest(files, load=load)
    assert {d.source: d.text for i in store.documents() for d in store.load([i.id])} == {
        f"files/{path.name}": path.read_text() for path in files.iterdir()
    }
    assert_like_a_fresh_build(store, as_it_should_be(store), WORDS[:4])
    again = open_rag(tmp_path, store).ingest(files, load=load)
    assert not again.changed
    assert again.embedded == 0
    store.close()
