"""The LanceDB store keeps the contract, in a folder and in a bucket, and tells clearly what went wrong."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.errors import MissingExtra, RagError, StoreError
from rag.stores import VectorStore, Where, built_with, open_store
from rag.testing import StoreContract
from rag.testing.store import DIM, EMBEDDER, ids, library, make, query
from tests.stores.conftest import assert_a_full_disk_loses_nothing
from tests.stores.moto_server import KEYS, free_port, make_bucket, s3_server

pytest.importorskip("lancedb", reason="LanceDB is not installed: pip install 'footnote-rag[lancedb]'")


def open_here(url: str, *, fingerprint: str = EMBEDDER.fingerprint, dim: int = DIM, **options: Any) -> Any:
    return open_store(
        url, fingerprint=fingerprint, dim=dim, embedder="words", language="english", options=options
    )


class TestLanceStore(StoreContract):
    def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> VectorStore:
        store: VectorStore = open_here(f"lancedb://{path}", fingerprint=fingerprint, dim=dim)
        return store


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server with one bucket, `shelf`."""
    pytest.importorskip("moto.server", reason="moto is not installed: pip install 'moto[server,s3]'")
    with s3_server() as address:
        make_bucket(address, "shelf")
        yield address


class TestLanceStoreInABucket(StoreContract):
    @pytest.fixture(autouse=True)
    def _server(self, s3: str) -> None:
        self.address = s3

    def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> VectorStore:
        url = f"s3://shelf/{path.relative_to(path.anchor)}"
        store: VectorStore = open_here(url, fingerprint=fingerprint, dim=dim, endpoint=self.address, **KEYS)
        return store

    # Filters are compiled as they are in a folder; those of the other tests are enough over HTTP.
    test_filters_are_those_of_the_reference = None  # type: ignore[assignment]
    test_k_filtered_hits_come_back_whenever_k_exist = None  # type: ignore[assignment]


# ------------------------------------------------------------------------------ errors


def test_a_bucket_that_is_not_there_is_one_clear_error(s3: str) -> None:
    for work in (open_here, built_with_s3):
        with pytest.raises(StoreError, match="bucket does not exist"):
            work("s3://nowhere/index", endpoint=s3, **KEYS)


def built_with_s3(url: str, **options: Any) -> Any:
    return built_with(url, options)


def test_a_server_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(StoreError, match="no answer: check the endpoint"):
        open_here("s3://shelf/index", endpoint=f"http://127.0.0.1:{free_port()}", **KEYS)


def test_a_server_that_goes_away_is_one_clear_error() -> None:
    pytest.importorskip("moto.server", reason="moto is not installed: pip install 'moto[server,s3]'")
    with s3_server() as address:
        make_bucket(address, "shelf")
        store = open_here("s3://shelf/index", endpoint=address, **KEYS)
        store.upsert(library(2))
    with pytest.raises(StoreError, match="no answer"):
        store.upsert(library(4))


def test_the_environment_names_endpoint_and_keys(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    open_here("s3://shelf/by-environment").upsert(library(2))
    told = built_with("s3://shelf/by-environment")
    assert told == ("words", EMBEDDER.fingerprint, DIM, "english")


@pytest.mark.parametrize("url", ["lancedb://", "lancedb:///proc/nowhere"])
def test_a_place_that_cannot_be_is_one_clear_error(url: str) -> None:
    with pytest.raises(RagError, match="name"):
        open_here(url)


def test_a_missing_package_is_the_pip_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(MissingExtra, match=r"footnote-rag\[lancedb\]"):
        open_here(f"lancedb://{tmp_path}/shelf")


def test_to_ask_what_is_there_makes_nothing(tmp_path: Path) -> None:
    assert built_with(f"lancedb://{tmp_path}/nowhere") is None
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------ what is Lance's own


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Any]:
    store = open_here(f"lancedb://{tmp_path}/shelf")
    yield store
    store.close()


def test_one_call_of_upsert_is_one_version(store: Any) -> None:
    before = store.version
    store.upsert(library(40))
    assert store.version == before + 1
    store.upsert(library(20))  # replaces the half of them
    assert store.version == before + 2


def test_a_tag_keeps_a_version_that_can_be_opened(store: Any) -> None:
    first, second = make("a.txt", "amber basil"), make("a.txt", "cedar delta")
    store.upsert([first])
    store.tag("first")
    version = store.version
    store.upsert([second])
    store.sync()  # drops old versions, and a tagged one must not be in its way
    assert store.tags() == {"first": version}
    for then in (open_here(store.url, tag="first"), open_here(store.url, version=version)):
        assert ids(then.dense(query("amber"), 5)) == [first.chunks[0].id]
        assert ids(then.lexical("amber", 5)) == [first.chunks[0].id]
        with pytest.raises(StoreError, match="only reads"):
            then.upsert([first])
        then.close()
    assert ids(store.dense(query("amber"), 5)) == [second.chunks[0].id]
    store.tag("first")
    assert store.tags() == {"first": store.version}
    store.untag("first")
    assert store.tags() == {}


def test_a_write_inside_a_snapshot_is_refused(store: Any) -> None:
    with store.snapshot(), pytest.raises(StoreError, match="inside a snapshot"):
        store.upsert(library(1))


def test_the_first_chunks_tell_the_language(tmp_path: Path) -> None:
    url = f"lancedb://{tmp_path}/shelf"
    options: dict[str, Any] = {"fingerprint": EMBEDDER.fingerprint, "dim": DIM}
    store, other = open_store(url, **options), open_store(url, **options)
    assert store.language == "auto"
    text = "Die Katze schläft auf dem Sofa, und der Hund liegt unter dem Tisch und wartet auf das Essen."
    store.upsert([make("a.txt", text)])
    other.upsert([make("b.txt", "The cats are sleeping and the dogs are waiting for the food on the table.")])
    assert store.language == other.language == "german"
    assert built_with(url) == ("", EMBEDDER.fingerprint, DIM, "german")
    assert len(other.lexical("Katzen", 5)) == 1  # one stem


def test_deleted_chunks_do_not_count_as_words(store: Any) -> None:
    """ln(1 + (N - n + ½) / (n + ½)) · 2.2 / (1 + 1.2): four of five that hold the word are gone, N is 16."""
    parts = [f"word{number} amber" for number in range(5)] + [f"word{number} other" for number in range(15)]
    store.upsert([make(f"{number:02}.txt", part) for number, part in enumerate(parts)])
    store.sync()
    store.delete([make(f"{number:02}.txt", "").document.id for number in range(4)])
    store.sync()
    (hit,) = store.lexical("amber", 9)
    assert hit.score == pytest.approx(math.log(1 + (16 - 1 + 0.5) / (1 + 0.5)) * 2.2 / 2.2, abs=1e-5)


def test_a_vector_index_finds_nearly_all_and_with_filters_too(tmp_path: Path) -> None:
    import numpy as np

    store = open_here(f"lancedb://{tmp_path}/shelf", index_from=2_000)
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(3_000, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    items = [
        make(f"{number}.txt", *(f"part{part}" for part in range(30)), odd=number % 2) for number in range(100)
    ]
    rows = vectors.reshape(100, 30, DIM)
    store.upsert([item._replace(vectors=rows[number]) for number, item in enumerate(items)])
    exact = store.dense(vectors[5], 10)
    store.sync()
    assert "vector_idx" in {index.name for index in store._versions.current.list_indices()}
    found = store.dense(vectors[5], 10)
    assert len(set(ids(found)) & set(ids(exact))) >= 9
    assert found[0].score == pytest.approx(1.0, abs=1e-5)  # by the stored vector, not by its index
    assert len(store.dense(vectors[5], 3_000)) == 3_000
    odd = store.dense(vectors[5], 20, Where("odd", "=", 1))
    assert len(odd) == 20
    assert all(chunk.metadata["odd"] == 1 for chunk in store.get(ids(odd)))
    narrow = open_here(store.url, probes=1).dense(vectors[5], 30, Where("source", "=", "77.txt"))
    assert set(ids(narrow)) == {chunk.id for chunk in items[77].chunks}


def test_the_example_of_the_page_on_scaling_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).parents[2] / "docs" / "scaling.md"
    if not page.exists():
        pytest.skip("docs/scaling.md is no part of what is installed")
    section = page.read_text("utf-8").partition("## LanceDB")[2]
    monkeypatch.chdir(tmp_path)
    exec(section.partition("```python\n")[2].partition("```")[0], {})


def test_a_full_disk_is_one_clear_error_and_loses_nothing(small_disk: Path) -> None:
    url = f"lancedb://{small_disk}/notes"
    assert_a_full_disk_loses_nothing(lambda: open_here(url), small_disk, "no space left: free some disk")
