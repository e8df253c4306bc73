"""A derived file that is damaged inside is set aside and rebuilt; the truth is untouched."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.errors import CorruptError, RagError
from rag.stores import LocalStore, Upsert, parse_where
from rag.types import Chunk, Document

DIM = 16
ROWS = 50_500  # beyond the limit up to which every vector is scored, so that there are codes


def big() -> Upsert:
    text = "\n".join(f"row {n}" for n in range(ROWS))
    document = Document.make(text, "rows.txt")
    chunks, start = [], 0
    for number, line in enumerate(text.split("\n")):
        chunks.append(Chunk(f"{number:024x}", document.id, "rows.txt", line, start, start + len(line)))
        start += len(line) + 1
    vectors = np.random.default_rng(0).standard_normal((ROWS, DIM)).astype(np.float32)
    return Upsert(document, chunks, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), "v1")


def small(tmp_path: Path) -> LocalStore:
    """Four chunks, whose vectors are the first four axes."""
    text = "one\ntwo\nthree\nfour"
    document = Document.make(text, "rows.txt")
    chunks = [
        Chunk(f"{n:024x}", document.id, "rows.txt", word, text.index(word), text.index(word) + len(word))
        for n, word in enumerate(text.split("\n"))
    ]
    store = LocalStore.open(tmp_path / "s", fingerprint="f", dim=DIM, language="none")
    store.upsert([Upsert(document, chunks, np.eye(4, DIM, dtype=np.float32), "v1")])
    store.sync()
    return store


def test_damaged_codes_are_told_once_and_rebuilt(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    item = big()
    store = LocalStore.open(tmp_path / "s", fingerprint="f", dim=DIM, language="none")
    store.upsert([item])
    store.sync()
    asked = item.vectors[7]
    wanted = store.dense(asked, 5)
    assert wanted[0].chunk_id == item.chunks[7].id
    store.close()

    (codes,) = (tmp_path / "s" / "dense").glob("*.codes")
    codes.write_bytes(b"\xff" * codes.stat().st_size)
    store = LocalStore.open(tmp_path / "s", fingerprint="f", dim=DIM, language="none")
    assert store.dense(asked, 5) == wanted
    assert ["rebuilt" in line for line in caplog.messages] == [True]
    store.sync()
    assert list(store.problems()) == []
    store.close()


@pytest.mark.parametrize("name", ["dense", "lexical"])
def test_a_damaged_name_of_the_owner_is_told(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    small(tmp_path).close()
    mark = tmp_path / "s" / f"{name}.owner"
    mark.write_bytes(b"\xff" + mark.read_bytes()[1:])
    store = LocalStore.open(tmp_path / "s", fingerprint="f", dim=DIM, language="none")
    assert len(store.dense(np.eye(DIM, dtype=np.float32)[1], 1)) == len(store.lexical("two", 1)) == 1
    assert [f"{name}.owner names another index" in line for line in caplog.messages] == [True]
    store.close()


def test_a_check_reads_a_long_document_once(tmp_path: Path) -> None:
    store = LocalStore.open(tmp_path / "s", fingerprint="f", dim=DIM, language="none")
    item = big()
    store.upsert([item])
    store._truth.connection.execute("UPDATE chunk SET text = 'other' WHERE id = ?", (item.chunks[9].id,))
    found = [problem.what for problem in store.problems()]
    assert found == ["1 damaged chunk", "1 chunk whose text is not that of the document"]
    store.close()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE chunk SET heading = 'other' WHERE position = 2", "1 damaged chunk"),
        ("UPDATE document SET metadata = '{\"a\": 1}'", "1 damaged document"),
        ("UPDATE vector SET value = zeroblob(64) WHERE position = 3", "1 damaged vector"),
        ("UPDATE vector SET position = 99999 WHERE position = 3", "1 damaged vector"),
    ],
)
def test_a_row_that_is_not_as_it_was_stored_is_told(tmp_path: Path, change: str, what: str) -> None:
    store = small(tmp_path)
    store._truth.connection.execute("PRAGMA foreign_keys = OFF")
    store._truth.connection.execute(change)
    assert what in [problem.what for problem in store.problems()]
    store.close()


def test_a_damaged_chunk_is_never_shown(tmp_path: Path) -> None:
    store = small(tmp_path)
    store._truth.connection.execute("UPDATE chunk SET text = 'forged' WHERE position = 2")
    (hit,) = store.dense(np.eye(DIM, dtype=np.float32)[1], 1)
    with pytest.raises(CorruptError, match=r"rows.txt is damaged: `rag rm rows.txt`"):
        store.get([hit.chunk_id])
    store.close()


def test_a_store_of_format_1_is_brought_to_the_present(tmp_path: Path) -> None:
    store = small(tmp_path)
    chunks = [chunk for chunk, _ in store.scan()]
    connection = store._truth.connection
    for table in ("document", "chunk", "vector"):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN crc")
    connection.execute("PRAGMA user_version = 1")
    store.close()
    store = LocalStore.open(tmp_path / "s", fingerprint="f", dim=DIM, language="none")
    assert [chunk for chunk, _ in store.scan()] == chunks
    assert list(store.problems()) == []
    store.close()


def test_a_file_that_forgot_its_format_is_read_all_the_same(tmp_path: Path) -> None:
    store = small(tmp_path)
    store._truth.connection.execute("PRAGMA user_version = 0")
    store.close()
    store = LocalStore.open(tmp_path / "s", fingerprint="f", dim=DIM, language="none")
    assert len(store.scan()) == 4
    store.close()


def test_a_format_that_never_was_is_refused(tmp_path: Path) -> None:
    small(tmp_path).close()
    path = tmp_path / "s" / "rag.toml"
    path.write_text(path.read_text().replace("format = 2", "format = 0"))
    with pytest.raises(CorruptError, match="expected a number from 1 to 2"):
        LocalStore.open(tmp_path / "s", fingerprint="f", dim=DIM, language="none")


def _everything(
    store: LocalStore, chunk_ids: list[str], document_ids: list[str]
) -> Iterator[Callable[[], Any]]:
    """All that a damaged row can come in the way of."""
    yield lambda: store.get(chunk_ids)
    yield lambda: store.load(document_ids)
    yield lambda: list(store.documents())
    yield store.scan
    yield lambda: store.dense(np.eye(1, DIM, dtype=np.float32)[0], 5)
    yield lambda: store.dense(np.eye(1, DIM, dtype=np.float32)[0], 5, parse_where("page >= 1"))
    yield lambda: store.lexical("three", 5)
    yield lambda: list(store.problems())
    yield lambda: store.delete(document_ids[:1])
    yield store.sync


def test_no_flipped_byte_of_the_database_is_more_than_an_error_with_a_next_step(tmp_path: Path) -> None:
    store = small(tmp_path)
    chunk_ids = [chunk.id for chunk, _ in store.scan()]
    document_ids = [info.id for info in store.documents()]
    store.close()
    sound, damaged = tmp_path / "s", tmp_path / "damaged"
    with closing(sqlite3.connect(sound / "store.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = (sound / "store.sqlite").read_bytes()
    written = [place for place, byte in enumerate(data) if byte and place > 100]
    chance = random.Random(3)
    for number in range(150):
        shutil.copytree(sound, damaged)
        if number % 2:
            shutil.rmtree(damaged / "dense")
            shutil.rmtree(damaged / "lexical")
        flipped = bytearray(data)
        flipped[chance.choice(written)] = chance.choice((0xFF, 0x00, chance.randrange(256)))
        (damaged / "store.sqlite").write_bytes(flipped)
        with suppress(RagError):
            store = LocalStore.open(damaged, fingerprint="f", dim=DIM, language="none")
            with closing(store):
                for call in _everything(store, chunk_ids, document_ids):
                    with suppress(RagError):
                        call()
        shutil.rmtree(damaged)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE chunk SET text = CAST(x'ff' || CAST(text AS BLOB) AS TEXT) WHERE position = 2",
        "UPDATE chunk SET start = x'00' WHERE position = 2",
        "UPDATE document SET metadata = '{\"a'",
        "UPDATE document SET source = CAST(x'ff' || CAST(source AS BLOB) AS TEXT)",
    ],
)
def test_a_damaged_row_stops_neither_a_list_nor_the_removal_of_its_document(
    tmp_path: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = small(tmp_path)
    chunk_ids = [chunk.id for chunk, _ in store.scan()]
    store._truth.connection.execute(change)
    assert any("damaged" in problem.what for problem in store.problems())
    with suppress(CorruptError):
        store.get(chunk_ids)  # a document's own row is damaged in the last two
    (info,) = store.documents()
    store.delete([info.id])
    store.sync()
    assert list(store.problems()) == []
    store.close()


def test_a_damaged_document_is_never_shown(tmp_path: Path) -> None:
    store = small(tmp_path)
    (info,) = store.documents()
    store._truth.connection.execute("UPDATE document SET text = 'forged'")
    with pytest.raises(CorruptError, match=r"rows.txt is damaged: `rag rm rows.txt`"):
        store.load([info.id])
    store.close()
