"""The Qdrant store keeps the contract in the client's local mode, and on the server that a variable names.

RAG_TEST_QDRANT_URL=qdrant://localhost:6333 runs the contract over HTTP. The server's own engine (Qdrant Edge)
ranks in one test, in process.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rag.errors import ConfigError, CorruptError, FingerprintError, LockedError, MissingExtra, StoreError
from rag.stores import VectorStore, built_with, open_store
from rag.testing import StoreContract
from rag.testing.store import DIM, EMBEDDER, ids, library, make, query
from tests.stores.conftest import assert_a_full_disk_loses_nothing
from tests.stores.moto_server import free_port

pytest.importorskip("qdrant_client", reason="Qdrant is not installed: pip install 'footnote-rag[qdrant]'")


def open_here(url: str, *, fingerprint: str = EMBEDDER.fingerprint, dim: int = DIM, **options: Any) -> Any:
    return open_store(
        url, fingerprint=fingerprint, dim=dim, embedder="words", language="english", options=options
    )


def named(path: Path) -> str:
    """A collection's name for a path."""
    return str(path).replace("/", "-")


class TestQdrantStore(StoreContract):
    """BM25 by the text index."""

    lexical = "text"

    def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> VectorStore:
        url = f"qdrant://:memory:/{named(path)}"
        store: VectorStore = open_here(url, fingerprint=fingerprint, dim=dim, lexical=self.lexical)
        return store


class TestQdrantStoreWithSparseVectors(TestQdrantStore):
    """BM25 by sparse vectors, as on servers whose text index does not rank."""

    lexical = "sparse"


def test_a_first_write_that_ends_during_a_search_is_seen_whole() -> None:
    """The search sees one of two chunks, then the document's point comes: it has to look again."""
    from rag.stores.qdrant.generations import seen
    from rag.stores.qdrant.points import chunk_points, document_point

    store = open_here("qdrant://:memory:/first-write")
    connection = store._connection
    item, generation = make("a.txt", "amber basil", "amber cedar"), time.time_ns() // 1_000
    first, second = chunk_points(item, generation, store._leg)
    connection.upsert([first], wait=True)
    asked = 0

    def ask(limit: int) -> list[Any]:
        nonlocal asked
        vector = item.vectors.mean(axis=0).tolist()
        names = ["id", "document_id", "generation"]
        chosen = store._conditions("chunk", None)
        found = connection.query_points(
            query=vector, using="dense", query_filter=chosen, limit=limit, with_payload=names
        )
        if not asked:
            connection.upsert([second, document_point(item, generation)], wait=True)
        asked += 1
        return list(found.points)

    assert {hit.chunk_id for hit in seen(connection, ask, 9)} == {chunk.id for chunk in item.chunks}
    assert asked == 2
    seen(connection, ask, 9)
    assert asked == 3, "by now the document is known"
    store.close()


SERVER = os.environ.get("RAG_TEST_QDRANT_URL", "")

if SERVER:

    class TestQdrantServer(StoreContract):
        """The contract over HTTP, in collections of its own that it deletes."""

        @pytest.fixture(autouse=True)
        def _collections(self) -> Iterator[None]:
            self.made: set[str] = set()
            yield
            store = open_here(f"{SERVER}/footnote-test")
            for name in (*self.made, "footnote-test"):
                store._connection.client.delete_collection(name)
            store.close()

        def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> VectorStore:
            self.made.add(named(path))
            url = f"{SERVER}/{named(path)}"
            store: VectorStore = open_here(url, fingerprint=fingerprint, dim=dim, exact=True)
            return store

else:

    @pytest.mark.skip(reason="RAG_TEST_QDRANT_URL names no server")
    def test_the_contract_over_http() -> None:
        """Runs where the variable names a server."""


# ------------------------------------------------------------------------------ the engine, in process


def test_the_servers_engine_ranks_as_local_bm25_does(tmp_path: Path) -> None:
    """Qdrant Edge is the server's shard. Its scores of our terms are those of the formula."""
    edge = pytest.importorskip("qdrant_edge", reason="Edge is not installed: pip install qdrant-edge-py")
    from rag.stores.qdrant.lexical import WORDS, TextLeg

    from rag.indexes import Analyzer, open_lexical

    texts = [
        "common " + "zyx " * 6,
        "common zyx zyx",
        "common zyx " + " ".join(f"word{n}" for n in range(30)),
        *["common common common text"] * 40,
        "the pump shows E-4711 when hot",
        "the pump shows E-4712 when cold",
        "第三章介绍向量数据库的备份方法。",
        "第四章介绍用户界面。",
    ]
    leg = TextLeg(Analyzer("english").analyze)
    config = edge.EdgeConfig(vectors={"dense": edge.EdgeVectorParams(size=2, distance=edge.Distance.Dot)})
    shard = edge.EdgeShard.create(str(tmp_path), config)
    shard.update(edge.UpdateOperation.create_field_index(WORDS, edge.TextIndexParams(scoring=True)))
    points = [
        edge.Point(id=number, vector={"dense": [1.0, 0.0]}, payload=leg.indexed(text)[0])
        for number, text in enumerate(texts)
    ]
    shard.update(edge.UpdateOperation.upsert_points(points))
    oracle = open_lexical(tmp_path / "oracle", "english", engine="rank-bm25")
    oracle.update([], list(enumerate(texts)), 1)
    for text in ("zyx", "common zyx", "E-4711", "数据库", "pump shows"):
        words = leg.query(text)
        assert words is not None
        asked = edge.QueryRequest(limit=100, query=edge.TextQuery(field=WORDS, query=words.text))
        found = {point.id: point.score for point in shard.query(asked)}
        scores, positions = oracle.search(text, 100)
        expected = dict(zip(positions.tolist(), scores.tolist(), strict=True))
        assert found == pytest.approx(expected, abs=1e-4), text
    oracle.close()
    shard.close()


# ------------------------------------------------------------------------------ local mode in a folder


def test_a_folder_keeps_what_it_was_given(tmp_path: Path) -> None:
    url = f"qdrant://{tmp_path}/shelf"
    assert built_with(url) is None
    assert list(tmp_path.iterdir()) == []
    store = open_here(url)
    store.upsert(library(4))
    before = (store.dense(query("amber"), 99), store.lexical("amber basil", 99), list(store.documents()))
    store.close()
    store = open_here(url)
    assert (
        store.dense(query("amber"), 99),
        store.lexical("amber basil", 99),
        list(store.documents()),
    ) == before
    assert built_with(url) == ("words", EMBEDDER.fingerprint, DIM, "english")
    store.close()


# ------------------------------------------------------------------------------ writes that do not finish


def killed_before(store: Any, item: Any) -> None:
    """All that a writer does before the document's point changes."""
    from rag.stores.qdrant.points import chunk_points

    store._connection.upsert(list(chunk_points(item, 1_000, store._leg)), wait=True)


def test_what_a_killed_writer_left_is_never_seen_and_goes_after_an_hour() -> None:
    store = open_here("qdrant://:memory:/killed")
    old = make("a.txt", "amber basil", "cedar delta")
    store.upsert([old])
    killed_before(store, make("a.txt", "amber new"))
    killed_before(store, make("b.txt", "amber other"))
    assert sorted(ids(store.dense(query("amber"), 9))) == sorted(chunk.id for chunk in old.chunks)
    assert ids(store.lexical("amber", 9)) == [old.chunks[0].id]
    assert [chunk.id for chunk, _ in store.scan()] == sorted(chunk.id for chunk in old.chunks)
    assert [info.source for info in store.documents()] == ["a.txt"]
    assert [problem.what[:8] for problem in store.problems()] == ["2 chunks"]
    store.sync()  # generation 1,000 is of 1970
    assert store.stats()["chunks"] == 2
    assert list(store.problems()) == []


def test_an_older_write_that_comes_late_does_not_replace_a_newer_one() -> None:
    from rag.stores.qdrant.generations import older_than
    from rag.stores.qdrant.points import document_point

    store = open_here("qdrant://:memory:/late")
    new = make("a.txt", "amber basil")
    store.upsert([new])
    late = document_point(make("a.txt", "cedar"), 1_000)
    store._connection.upsert([late], wait=True, update_filter=older_than(1_000))
    assert store.load([new.document.id]) == [new.document]


# ------------------------------------------------------------------------------ errors


@pytest.mark.parametrize("url", ["qdrant://", "qdrant:///", "qdrants:///folder"])
def test_a_url_without_a_place_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="expected qdrant://HOST:PORT"):
        open_here(url)


def test_a_server_that_is_not_there_is_one_clear_error() -> None:
    url = f"qdrant://127.0.0.1:{free_port()}"
    for work in (open_here, built_with):
        with pytest.raises(StoreError, match="does not answer"):
            work(url)


def test_a_missing_package_is_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qdrant_client", None)
    with pytest.raises(MissingExtra, match=r"footnote-rag\[qdrant\]"):
        open_here("qdrant://:memory:/missing")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the refused client's file
def test_a_folder_open_in_another_place_is_one_clear_error(tmp_path: Path) -> None:
    from qdrant_client import QdrantClient

    other = QdrantClient(path=str(tmp_path))
    with pytest.raises(LockedError, match="another process"):
        open_here(f"qdrant://{tmp_path}")
    other.close()


def test_a_foreign_collection_is_left_alone() -> None:
    from qdrant_client import models

    store = open_here("qdrant://:memory:/ours")
    params = models.VectorParams(size=2, distance=models.Distance.COSINE)
    store._connection.client.create_collection("theirs", vectors_config=params)
    with pytest.raises(CorruptError, match="did not make the collection 'theirs'"):
        open_here("qdrant://:memory:/theirs")


def test_another_embedder_is_told_by_name() -> None:
    open_here("qdrant://:memory:/mine").close()
    with pytest.raises(FingerprintError, match="embedder words"):
        open_here("qdrant://:memory:/mine", fingerprint="another")


def test_a_chunk_id_of_another_form_is_refused() -> None:
    from dataclasses import replace

    item = make("a.txt", "amber")
    wrong = item._replace(chunks=[replace(item.chunks[0], id="chunk-1")])
    with pytest.raises(StoreError, match="24 hexadecimal digits"):
        open_here("qdrant://:memory:/ids").upsert([wrong])


class Answering(BaseHTTPRequestHandler):
    """A server that says only which version it is, to those who have the key."""

    version, key = "1.20.0", ""

    def do_GET(self) -> None:
        allowed = self.headers.get("api-key", "") == self.key
        body = json.dumps({"title": "qdrant", "version": self.version}).encode() if allowed else b"no key"
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def answering() -> Iterator[tuple[type[Answering], str]]:
    handler = type("Handler", (Answering,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield handler, f"qdrant://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_old_server_is_one_clear_error(answering: tuple[type[Answering], str]) -> None:
    handler, url = answering
    handler.version = "1.9.4"
    with pytest.raises(StoreError, match=r"is Qdrant 1\.9, expected 1\.16 or newer"):
        open_here(url)


def test_a_refused_key_is_one_clear_error(
    answering: tuple[type[Answering], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, url = answering
    handler.key, handler.version = "right", "1.9.4"
    monkeypatch.setenv("QDRANT_API_KEY", "wrong")
    with pytest.raises(StoreError, match="refuses the key: set QDRANT_API_KEY"):
        open_here(url)
    monkeypatch.setenv("QDRANT_API_KEY", "right")
    with pytest.raises(StoreError, match=r"expected 1\.16"):
        open_here(url)


def test_a_full_disk_is_one_clear_error_and_loses_nothing(small_disk: Path) -> None:
    url = f"qdrant://{small_disk}/notes"
    assert_a_full_disk_loses_nothing(lambda: open_here(url), small_disk, r"disk is full.*free some disk")
