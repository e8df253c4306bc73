"""A store by its URL: schemes, options, third parties, and a pipeline over it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import ConfigError, FingerprintError, Rag
from rag.stores import BuiltWith, LocalStore, built_with, open_store, store_name, without_password
from rag.testing import WordEmbedder
from rag.types import Document

THIRD_PARTY = """
from rag.stores import BuiltWith, LocalStore

def open(url, *, fingerprint, dim, wait, folder, sharp=False):
    store = LocalStore.open(folder, fingerprint=fingerprint, dim=dim, language="english", wait=wait)
    store.sharp = sharp
    return store

def built_with(url, folder):
    found = LocalStore.identity_of(folder)
    return None if found is None else BuiltWith("words", found.fingerprint, found.dim, found.language)
"""


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that offers stores for the scheme `shelf`, and one that lacks a function."""
    folder = tmp_path / "site"
    info = folder / "shelf-1.dist-info"
    info.mkdir(parents=True)
    (folder / "shelf_of_tests.py").write_text(THIRD_PARTY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1\n")
    points = "[rag.stores]\nshelf = shelf_of_tests\nhalf = shelf_of_tests:BuiltWith\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(folder))
    yield
    sys.modules.pop("shelf_of_tests", None)


def test_a_folder_is_the_local_store(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    assert built_with(folder) is None
    assert not folder.exists()
    store = open_store(folder, fingerprint="f", dim=4, embedder="e", language="german", engine="rank-bm25")
    assert isinstance(store, LocalStore)
    assert store.caps.lexical == "rank-bm25"
    store.close()
    assert built_with(str(folder)) == BuiltWith("e", "f", 4, "german")


@pytest.mark.parametrize(
    ("url", "name"),
    [("postgresql://h/db", "postgres"), ("s3://b/p", "lancedb"), ("qdrants://h", "qdrant"),
     ("milvus:///x.db", "milvus"), ("notes", "local"), (r"C:\notes", "local"), ("shelf://x", "shelf")],
)  # fmt: skip
def test_the_name_of_a_store_is_that_of_its_options(url: str, name: str) -> None:
    assert store_name(url) == name


def test_a_password_is_not_shown() -> None:
    assert without_password("postgresql://me:s3cr@t:t@host:5/db") == "postgresql://me:…@host:5/db"
    assert without_password("postgresql://h/db?password=x&a=b") == "postgresql://h/db?password=…&a=b"
    assert without_password("qdrant://host:6333/notes") == "qdrant://host:6333/notes"
    assert without_password("a/folder@home") == "a/folder@home"


def test_an_unknown_scheme_and_an_unknown_option_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nosuch://.*postgresql://") as told:
        open_store("nosuch://me:hidden@x", fingerprint="f", dim=4)
    assert "hidden" not in str(told.value)
    with pytest.raises(ConfigError, match=r"\[stores\.local\] has no option lists; it knows none"):
        open_store(tmp_path / "a", fingerprint="f", dim=4, options={"lists": 3})
    with pytest.raises(ConfigError, match="lists"):
        built_with(tmp_path / "a", {"lists": 3})
    assert not (tmp_path / "a").exists()


def test_a_connection_string_of_libpq_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for given in ("host=db user=ana password='hid den' dbname=notes", "dbname=notes password = hidden"):
        for opened in (lambda url: open_store(url, fingerprint="f", dim=4), built_with):
            with pytest.raises(ConfigError, match="write it as postgresql://") as told:
                opened(given)
            assert "hid" not in str(told.value)
    assert not list(tmp_path.iterdir())
    open_store("hosts=2", fingerprint="f", dim=4).close()
    assert (tmp_path / "hosts=2").is_dir()


def test_a_store_of_the_table_opens_by_its_name(
    tmp_path: Path, third_party: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row in `NAMES` is all that a new store needs; `SCHEMES` has other words for the same."""
    names = importlib.import_module(LocalStore.__module__.rpartition(".local")[0] + ".open").NAMES
    monkeypatch.setitem(names, "rack", "shelf_of_tests")
    assert built_with("rack://far", {"folder": str(tmp_path / "rack")}) is None
    options = {"folder": str(tmp_path / "rack")}
    open_store("rack://far", fingerprint="f", dim=4, options=options).close()
    built = built_with("rack://far", options)
    assert built is not None
    assert (built.embedder, built.fingerprint, built.dim) == ("words", "f", 4)


def test_a_third_partys_store_opens_by_its_scheme(tmp_path: Path, third_party: None) -> None:
    options = {"folder": str(tmp_path / "there"), "sharp": True}
    assert built_with("shelf://x", options) is None
    store = open_store("shelf://x", fingerprint="f", dim=4, options=options)
    assert store.sharp  # type: ignore[attr-defined]
    store.close()
    assert built_with("shelf://x", options) == BuiltWith("words", "f", 4, "english")
    with pytest.raises(FingerprintError):
        open_store("shelf://x", fingerprint="another", dim=4, options=options)
    with pytest.raises(ConfigError, match="it knows folder, sharp"):
        open_store("shelf://x", fingerprint="f", dim=4, options={"depth": 1})
    with pytest.raises(ConfigError, match=r"'half' of an installed package has no function 'open'"):
        built_with("half://x")


def test_a_pipeline_over_the_store_of_a_setting(
    tmp_path: Path, third_party: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The documents live in the store; the index folder keeps what is its reader's."""
    options = {"stores.shelf": {"folder": str(tmp_path / "there")}}
    monkeypatch.setenv("RAG_STORE", "shelf://anywhere")
    with Rag(tmp_path / "mine.rag", embedder=WordEmbedder(), settings=options) as rag:
        assert not rag.exists
        assert rag.config.origins["store.url"] == "RAG_STORE"
        rag.ingest([Document.make("The pump stops at noon.", "pump.txt")])
        assert rag.exists
        assert rag.search("pump")[0].chunk.source == "pump.txt"
        assert rag.variant({"search.k": 1}).store is rag.store
    assert LocalStore.identity_of(tmp_path / "there") is not None
    assert LocalStore.identity_of(tmp_path / "mine.rag") is None


def test_a_store_given_by_its_path_is_used_by_variants(tmp_path: Path) -> None:
    with Rag(tmp_path / "a.rag", store=tmp_path / "b.rag", embedder=WordEmbedder()) as rag:
        assert not rag.variant().exists
        rag.ingest([Document.make("The pump stops at noon.", "pump.txt")])
    with Rag(tmp_path / "a.rag", store=str(tmp_path / "b.rag"), embedder=WordEmbedder()) as rag:
        assert rag.variant(denoise=[]).search("pump")[0].chunk.source == "pump.txt"
    assert LocalStore.identity_of(tmp_path / "a.rag") is None


def test_a_glossary_of_a_store_elsewhere_is_kept_in_the_index_folder(tmp_path: Path) -> None:
    with Rag(
        tmp_path / "a.rag", store=tmp_path / "b.rag", embedder=WordEmbedder(), augment=["glossary"]
    ) as rag:
        rag.ingest([Document.make("The Recovery Time Objective (RTO) is four hours.", "rto.txt")])
        assert (tmp_path / "a.rag" / "glossary.toml").exists()
        assert not (tmp_path / "b.rag" / "glossary.toml").exists()


def test_embedding_again_takes_the_folder_of_the_store(tmp_path: Path) -> None:
    from rag.ingest.reembed import reembed

    place = {"store": tmp_path / "b.rag"}
    with Rag(tmp_path / "a.rag", **place, embedder=WordEmbedder(32)) as rag:
        rag.ingest([Document.make("The pump stops at noon.", "pump.txt")])
    with Rag(tmp_path / "a.rag", **place, embedder=WordEmbedder(48)) as rag:
        reembed(rag)
    assert built_with(tmp_path / "b.rag") == BuiltWith("words", "words-48", 48, "english")
    with (
        Rag(tmp_path / "a.rag", store="qdrant://h/x", embedder=WordEmbedder(16)) as rag,
        pytest.raises(ConfigError, match="qdrant://h/x is not a folder"),
    ):
        reembed(rag)
