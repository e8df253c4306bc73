"""A derived file that is damaged inside is set aside and rebuilt; the truth is untouched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.errors import CorruptError
from rag.stores import LocalStore, Upsert
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


def test_damaged_codes_are_told_once_and_rebuilt(tmp_path: Path) -> None:
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
    with pytest.raises(CorruptError, match="rebuilt"):
        store.dense(asked, 5)
    assert store.dense(asked, 5) == wanted
    store.sync()
    assert list(store.problems()) == []
    store.close()


def test_a_check_reads_a_long_document_once(tmp_path: Path) -> None:
    store = LocalStore.open(tmp_path / "s", fingerprint="f", dim=DIM, language="none")
    item = big()
    store.upsert([item])
    store._truth.connection.execute("UPDATE chunk SET text = 'other' WHERE id = ?", (item.chunks[9].id,))
    found = [problem.what for problem in store.problems()]
    assert found == ["1 chunks whose text is not their document's"]
    store.close()
