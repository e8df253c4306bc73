"""The Milvus store keeps the contract on Milvus Lite, and on the server that a variable names.

RAG_TEST_MILVUS_URL=milvus://localhost:19530 runs the contract on a server; `make test-milvus` starts one.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rag.errors import ConfigError, CorruptError, FingerprintError, LockedError, MissingExtra, StoreError
from rag.stores import Upsert, VectorStore, Where, built_with, matches, open_store
from rag.testing import StoreContract
from rag.testing.store import DIM, EMBEDDER, ids, library, make, query, revision
from tests.stores.moto_server import free_port

pytest.importorskip("pymilvus", reason="Milvus is not installed: pip install 'footnote-rag[milvus]'")


def open_here(url: str, *, fingerprint: str = EMBEDDER.fingerprint, dim: int = DIM, **options: Any) -> Any:
    return open_store(
        url, fingerprint=fingerprint, dim=dim, embedder="words", language="english", options=options
    )


SERVER = os.environ.get("RAG_TEST_MILVUS_URL", "")

if SERVER:

    class TestMilvusServer(StoreContract):
        """The contract on a server, in collections of its own that it deletes."""

        @pytest.fixture(autouse=True)
        def _collections(self) -> Iterator[None]:
            self.made: set[str] = set()
            yield
            from pymilvus import MilvusClient

            client = MilvusClient(SERVER.replace("milvus://", "http://"), dedicated=True)
            for name in self.made:
                for collection in (name, f"{name}_documents"):
                    client.drop_collection(collection)
            client.close()

        def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> VectorStore:
            name = "t" + "".join(letter if letter.isalnum() else "_" for letter in str(path))
            self.made.add(name)
            store: VectorStore = open_here(f"{SERVER}/{name}", fingerprint=fingerprint, dim=dim)
            return store

else:

    @pytest.mark.skip(reason="RAG_TEST_MILVUS_URL names no server")
    def test_the_contract_on_a_server() -> None:
        """Runs where the variable names a server."""


# ------------------------------------------------------------------------------ Lite

needs_lite = pytest.mark.skipif(
    find_spec("milvus_lite") is None,
    reason="Milvus Lite is not installed: pip install 'footnote-rag[milvus-lite]'",
)


@needs_lite
class TestMilvusLite(StoreContract):
    """BM25 by sparse vectors."""

    def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> VectorStore:
        store: VectorStore = open_here(f"milvus://{path}.db", fingerprint=fingerprint, dim=dim)
        return store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"milvus://{tmp_path}/x.db"


@needs_lite
def test_the_function_ranks_as_bm25_does(url: str, tmp_path: Path) -> None:
    """Its formula has another constant factor than ours: the order is the oracle's."""
    from rag.indexes import open_lexical

    texts = [
        "common " + "zyx " * 6,
        "common zyx zyx",
        "common zyx " + " ".join(f"word{n}" for n in range(30)),
        *["common common common text"] * 40,
        "the pump shows E-4711 when hot",
        "第三章介绍向量数据库的备份方法。",
        "第四章介绍用户界面。",
    ]
    items = [make(f"{n}.txt", text) for n, text in enumerate(texts)]
    number = {item.chunks[0].id: place for place, item in enumerate(items)}
    store = open_here(url, lexical="function")
    assert store.caps.lexical == "milvus-bm25"
    store.upsert(items)
    oracle = open_lexical(tmp_path / "oracle", "english", engine="rank-bm25")
    oracle.update([], list(enumerate(texts)), 1)
    for text in ("zyx", "common zyx", "E-4711", "数据库"):
        found = store.lexical(text, 3)
        assert all(hit.score > 0 for hit in found)
        _, expected = oracle.search(text, 3)
        assert [number[hit.chunk_id] for hit in found] == expected.tolist(), text
    oracle.close()
    store.close()


@needs_lite
def test_sparse_scores_are_those_of_the_formula(url: str) -> None:
    """Two of three chunks have `amber`, one of them twice. Lengths are one, two and one of a mean of 100."""
    store = open_here(url)
    items = [make("a.txt", "amber"), make("b.txt", "amber amber"), make("c.txt", "cedar")]
    store.upsert(items)
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    expected = {
        items[0].chunks[0].id: idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1 / 100)),
        items[1].chunks[0].id: idf * 2.2 * 2 / (2 + 1.2 * (0.25 + 0.75 * 2 / 100)),
    }
    assert dict(store.lexical("amber", 9)) == pytest.approx(expected, abs=1e-5)
    store.close()


@needs_lite
def test_a_file_keeps_what_it_was_given(url: str, tmp_path: Path) -> None:
    assert built_with(url) is None
    assert list(tmp_path.iterdir()) == []
    store = open_here(url)
    store.upsert(library(4))
    before = (store.dense(query("amber"), 99), store.lexical("amber", 99), list(store.documents()))
    store.close()
    store = open_here(url)
    assert (store.dense(query("amber"), 99), store.lexical("amber", 99), list(store.documents())) == before
    store.close()
    assert built_with(url) == ("words", EMBEDDER.fingerprint, DIM, "english")


@needs_lite
def test_reads_that_are_not_strong_are_told(url: str) -> None:
    store = open_here(url, consistency="Bounded")
    assert (store.caps.atomic_documents, store.caps.visible_at_once) == (False, False)
    store.close()


GLOBS = ("guides/*", "*.md", "guides/?.md", "*", "guides/a.md", "gu*d*", "nothing*", 'a "quoted"*', "文*")


@needs_lite
@pytest.mark.parametrize("glob", GLOBS)
def test_globs_are_those_of_the_reference(url: str, glob: str) -> None:
    sources = ["guides/a.md", "guides/文.md", "guides/b.txt", 'a "quoted" \\ name', "文/x.md", "guide"]
    store = open_here(url)
    store.upsert([make(source, "amber") for source in sources])
    where = Where("source", "~", glob)
    expected = [source for source in sources if matches(where, {"source": source})]
    assert [info.source for info in store.documents(where)] == sorted(expected)
    store.close()


# ------------------------------------------------------------------------------ writes that do not finish


def killed_before_the_head(store: Any, item: Upsert, generation: int) -> None:
    """All that a writer does before its documents are seen."""
    from rag.stores.milvus.rows import chunk_rows, text_rows

    connection = store._connection
    connection.upsert(connection.chunks, list(chunk_rows(item, generation, store._leg)))
    connection.upsert(connection.documents, list(text_rows(item, generation)))


@needs_lite
def test_what_a_killed_writer_left_is_never_seen_and_goes_after_two_hours(url: str) -> None:
    store = open_here(url)
    old = make("a.txt", "amber basil", "cedar delta")
    store.upsert([old])
    killed_before_the_head(store, make("a.txt", "amber new"), 1_000)
    killed_before_the_head(store, make("b.txt", "amber other"), 1_000)
    assert sorted(ids(store.dense(query("amber"), 9))) == sorted(chunk.id for chunk in old.chunks)
    assert ids(store.lexical("amber", 9)) == [old.chunks[0].id]
    assert [chunk.id for chunk, _ in store.scan()] == sorted(chunk.id for chunk in old.chunks)
    assert store.load([old.document.id]) == [old.document]
    assert [info.source for info in store.documents()] == ["a.txt"]
    assert [problem.what[:8] for problem in store.problems()] == ["2 chunks"]
    store.sync()  # generation 1,000 is of 1970
    assert store.stats()["chunks"] == 2
    assert list(store.problems()) == []
    store.close()


WRITER = """
import sys
from rag.stores import open_store
from rag.testing.store import revision

options = dict(fingerprint="words-64", dim=64, embedder="words", language="english")
store = open_store(sys.argv[1], **options)
for number in range(1_000):
    store.upsert([revision(number)])
    print(number, flush=True)
"""


@needs_lite
def test_what_was_acknowledged_is_there_after_the_process_was_killed(url: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", WRITER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(5):
            last = int(writer.stdout.readline())
        writer.kill()
        last = max([last, *map(int, writer.stdout.read().split())])
    store = open_here(url)
    seen = {chunk.id for chunk, _ in store.scan()}
    assert seen in ({chunk.id for chunk in revision(number).chunks} for number in (last, last + 1))
    assert {hit.chunk_id for hit in store.dense(query("amber"), 99)} == seen
    store.close()


@needs_lite
def test_an_older_write_that_comes_late_does_not_replace_a_newer_one(url: str) -> None:
    from rag.stores.engine.generations import now
    from rag.stores.milvus.generations import show
    from rag.stores.milvus.rows import head_row

    store = open_here(url)
    began = now()
    new, late = make("a.txt", "amber basil"), make("a.txt", "cedar")
    store.upsert([new])
    killed_before_the_head(store, late, began)
    show(store._connection, [head_row(late, began)], began)
    assert store.load([new.document.id]) == [new.document]
    assert (store.stats()["documents"], store.stats()["chunks"]) == (1, 1)
    with pytest.raises(StoreError, match="more than an hour"):
        show(store._connection, [head_row(late, 1_000)], 1_000)
    assert store.load([new.document.id]) == [new.document]
    store.close()


@needs_lite
def test_a_first_write_that_ends_during_a_search_is_seen_whole(url: str) -> None:
    """The search sees half of the chunks, then the head comes: it has to look again."""
    from rag.stores.engine.generations import now
    from rag.stores.milvus.generations import seen, show
    from rag.stores.milvus.rows import chunk_rows, head_row, text_rows

    store = open_here(url)
    item, began = make("a.txt", "amber basil", "amber cedar"), now()
    connection = store._connection
    first, second = chunk_rows(item, began, store._leg)
    connection.upsert(connection.chunks, [first])
    asked = 0

    def ask(limit: int) -> list[dict[str, Any]]:
        nonlocal asked
        rows = connection.rows(connection.chunks, "generation >= 0", ["document", "generation", "chunk"])
        if not asked:
            connection.upsert(connection.chunks, [second])
            connection.upsert(connection.documents, list(text_rows(item, began)))
            show(connection, [head_row(item, began)], began)
        asked += 1
        return list(rows)

    assert {row["chunk"] for row in seen(connection, ask, 9)} == {chunk.id for chunk in item.chunks}
    assert asked == 2
    seen(connection, ask, 9)
    assert asked == 3  # by now the head is known
    store.close()


# ------------------------------------------------------------------------------ errors


@pytest.mark.parametrize("url", ["milvus://", "milvus:///folder", "milvuss:///x.db", "milvus:///.db"])
def test_a_url_without_a_place_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="expected milvus://HOST:PORT"):
        open_here(url)


def test_a_collection_of_another_form_is_refused() -> None:
    with pytest.raises(ConfigError, match="'my-notes' is no name"):
        open_here("milvus://localhost/my-notes")


@pytest.mark.parametrize("option", ["consistency", "lexical", "index"])
def test_an_option_that_means_nothing_is_refused(option: str) -> None:
    with pytest.raises(ConfigError, match=f"{option} = 'wrong': expected one of"):
        open_here("milvus://localhost", **{option: "wrong"})


def test_a_server_that_is_not_there_is_one_clear_error() -> None:
    url = f"milvus://127.0.0.1:{free_port()}"
    with pytest.raises(StoreError, match="does not answer"):
        open_here(url, timeout=1.0)
    with pytest.raises(StoreError, match="does not answer"):
        built_with(url, {"timeout": 1.0})


@pytest.mark.parametrize(("package", "extra"), [("pymilvus", "milvus-lite"), ("milvus_lite", "milvus-lite")])
def test_a_missing_package_is_the_pip_line(
    url: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"footnote-rag\[{extra}\]"):
        open_here(url)


@needs_lite
def test_a_file_open_in_another_process_is_one_clear_error(tmp_path: Path, url: str) -> None:
    held = f"from milvus_lite.db import MilvusLite; MilvusLite({str(tmp_path / 'x.db')!r}); print(); input()"
    command = [sys.executable, "-W", "ignore", "-c", held]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(LockedError, match="another process"):
            open_here(url)
        other.kill()


@needs_lite
def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be written"):
        open_here(f"milvus://{tmp_path}/file/x.db")


@needs_lite
def test_a_foreign_collection_is_left_alone(url: str) -> None:
    from milvus_lite.server_manager import server_manager_instance
    from pymilvus import MilvusClient

    file = url.removeprefix("milvus://")
    client = MilvusClient(file, dedicated=True)
    client.create_collection("footnote", dimension=2)
    client.close()
    server_manager_instance.release_server(file)
    with pytest.raises(CorruptError, match="did not make the collection 'footnote'"):
        open_here(url)


@needs_lite
def test_another_embedder_is_told_by_name(url: str) -> None:
    open_here(url).close()
    with pytest.raises(FingerprintError, match="embedder words"):
        open_here(url, fingerprint="another")


@needs_lite
def test_what_is_too_long_for_milvus_is_refused_and_nothing_is_stored(url: str) -> None:
    store = open_here(url)
    late = [*(f"amber {number}" for number in range(300)), "x" * 70_000]  # others are written before it
    for wrong in (make("long.txt", *late), make("long.txt", note="文" * 30_000)):
        with pytest.raises(StoreError, match=r"long\.txt: .* expected at most 65535"):
            store.upsert([wrong])
    item = make("a.txt", "amber")
    with pytest.raises(StoreError, match="24 hexadecimal digits"):
        store.upsert([item._replace(chunks=[replace(item.chunks[0], id="chunk-1")])])
    assert list(store.documents()) == []
    assert list(store.problems()) == []
    store.close()
