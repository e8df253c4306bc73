"""What can go wrong with a folder, and what is said then: one error that names the next step."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rag.errors import CorruptError, FingerprintError, RagError, StoreError
from rag.stores import LocalStore, Upsert
from rag.testing.store import ids, library, make, query
from tests.stores.conftest import grow
from tests.stores.fresh import assert_like_a_fresh_build, open_store
from tests.stores.unprivileged import as_nobody


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed store of forty documents."""
    store = open_store(tmp_path / "index")
    store.upsert(library())
    store.sync()
    store.close()
    return tmp_path / "index"


# ------------------------------------------------------------------------------ rag.toml


def test_another_embedder_is_refused_with_the_command_that_helps(folder: Path) -> None:
    with pytest.raises(FingerprintError, match=r"words.*other-model.*--reembed"):
        LocalStore.open(folder, fingerprint="other", dim=64, embedder="other-model")


def test_an_embedder_that_changed_under_its_name_is_told_by_its_fingerprints(folder: Path) -> None:
    name = LocalStore.identity_of(folder).embedder  # type: ignore[union-attr]
    with pytest.raises(FingerprintError, match=rf"embedder {name} was \S+ and is newer now: run .*--reembed"):
        LocalStore.open(folder, fingerprint="newer", dim=64, embedder=name)


def test_a_missing_rag_toml_beside_documents_is_no_new_store(folder: Path) -> None:
    (folder / "rag.toml").unlink()
    with pytest.raises(CorruptError, match=r"rag\.toml is missing.*backup"):
        open_store(folder)
    with pytest.raises(CorruptError, match="missing"):
        LocalStore.identity_of(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[index",
        "[other]\n",
        "index = 5\n",
        "[index]\nformat = 1\n",
        '[index]\nformat = 1\nfingerprint = "words-64"\ndim = "64"\nembedder = "words"\n',
        '[index]\nformat = "new"\nfingerprint = "words-64"\ndim = 64\nembedder = "words"\n',
        '[index]\nformat = 1\nfingerprint = "words-64"\ndim = 64\nembedder = "words"\nsurprise = 1\n',
    ],
)
def test_a_garbled_rag_toml_is_named(folder: Path, text: str) -> None:
    (folder / "rag.toml").write_text(text)
    with pytest.raises(CorruptError, match=r"rag\.toml does not describe an index"):
        open_store(folder)


def test_a_rag_toml_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "rag.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorruptError, match="does not describe an index"):
        open_store(folder)


def test_a_newer_format_asks_for_an_upgrade_whatever_else_it_says(folder: Path) -> None:
    path = folder / "rag.toml"
    path.write_text(path.read_text().replace("format = 2", 'format = 3\nshards = 5\nfingerprints = ["a"]'))
    with pytest.raises(CorruptError, match="upgrade footnote-rag"):
        open_store(folder)


def test_a_folder_without_a_store_is_none(tmp_path: Path) -> None:
    assert LocalStore.identity_of(tmp_path) is None
    assert LocalStore.identity_of(tmp_path / "nothing") is None


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="name a folder"):
        open_store(tmp_path / "file")


# ------------------------------------------------------------------------------ store.sqlite


def test_a_database_of_something_else_is_refused(folder: Path) -> None:
    (folder / "store.sqlite").write_bytes(b"no database at all, " * 1000)
    with pytest.raises(CorruptError, match="backup"):
        open_store(folder)


def read_all(folder: Path) -> None:
    store = open_store(folder)
    try:
        store.dense(query("amber"), 10)
        store.problems()
    finally:
        store.close()


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_torn_database_is_told_and_nothing_made_up(folder: Path, keep: float) -> None:
    path = folder / "store.sqlite"
    size = path.stat().st_size
    os.truncate(path, int(size * keep) // 4096 * 4096)
    shutil.rmtree(folder / "dense")
    shutil.rmtree(folder / "lexical")
    with pytest.raises(CorruptError, match=r"store\.sqlite"):
        read_all(folder)


def test_pages_torn_in_the_middle_are_found(folder: Path) -> None:
    path = folder / "store.sqlite"
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = b"\xaa" * 8192
    path.write_bytes(content)
    store = open_store(folder)
    try:
        assert store.problems()
    except CorruptError as error:
        assert "store.sqlite" in str(error)  # noqa: PT017 (either way of telling is fine)
    store.close()


def test_a_first_opening_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    """rag.toml stands there; of the database there is nothing, or an empty file."""
    for content in (None, b""):
        folder = tmp_path / str(content)
        open_store(folder).close()
        for path in folder.glob("store.sqlite*"):
            path.unlink()
        if content is not None:
            (folder / "store.sqlite").write_bytes(content)
        store = open_store(folder)
        store.upsert([make("a.txt", "amber")])
        assert len(store.dense(query("amber"), 5)) == 1
        store.close()


def _unlinked(database: Path) -> None:
    database.unlink()


def _emptied(database: Path) -> None:
    os.truncate(database, 0)


def _without_tables(database: Path) -> None:
    database.unlink()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


@pytest.mark.parametrize("lose", [_unlinked, _emptied, _without_tables])
@pytest.mark.parametrize("also", [(), ("rag.toml",), ("dense",), ("lexical",)])
def test_a_lost_database_is_no_empty_index(
    folder: Path, lose: Callable[[Path], None], also: tuple[str, ...]
) -> None:
    """What was derived of it shows that there was one; nothing is made in its place."""
    lose(folder / "store.sqlite")
    for name in also:
        path = folder / name
        path.unlink() if path.is_file() else shutil.rmtree(path)
    if also == ("rag.toml",) and lose is _without_tables:
        return  # an error of its own
    before = {path.name for path in folder.iterdir()}
    for _ in range(2):
        with pytest.raises(CorruptError, match=r"backup, or delete .* and ingest again"):
            open_store(folder)
    assert {path.name for path in folder.iterdir()} <= before | {"store.sqlite-wal", "store.sqlite-shm"}
    shutil.rmtree(folder)
    open_store(folder).close()


def test_indexes_of_another_store_are_not_trusted(folder: Path, tmp_path: Path) -> None:
    other = open_store(tmp_path / "other")
    items = [make(f"other-{number}.txt", "amber other") for number in range(30)]
    other.upsert(items)
    other.sync()
    other.close()
    for name in ("dense", "lexical"):
        shutil.rmtree(folder / name)
        shutil.copytree(tmp_path / "other" / name, folder / name)
        shutil.copy(tmp_path / "other" / f"{name}.owner", folder / f"{name}.owner")
    store = open_store(folder)
    assert_like_a_fresh_build(store, library(), ["amber", "other"])
    store.close()


def test_an_older_database_under_newer_indexes(folder: Path) -> None:
    """A backup of store.sqlite alone, put back."""
    backup = (folder / "store.sqlite").read_bytes()
    store = open_store(folder)
    store.upsert([make(f"new-{number}.txt", "amber new") for number in range(9)])
    store.sync()
    store.close()
    (folder / "store.sqlite").write_bytes(backup)
    store = open_store(folder)
    assert_like_a_fresh_build(store, library(), ["amber", "new"])
    store.close()


# ------------------------------------------------------------------------------ what comes in


def test_metadata_that_is_no_json_is_refused(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    item = make("a.txt", "amber")
    for value in ({1, 2}, float("nan"), float("inf"), b"bytes", object(), "\ud800"):
        document = make("a.txt", "amber", x=0).document
        document.metadata["x"] = value  # type: ignore[index]
        with pytest.raises(StoreError, match=r"store\.sqlite|a\.txt"):
            store.upsert([item._replace(document=document)])
    assert list(store.documents()) == []
    store.close()


def test_a_chunk_id_of_another_document_is_refused(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    one, other = make("a.txt", "amber"), make("b.txt", "basil")
    store.upsert([one])
    with pytest.raises(StoreError, match="chunk id") as raised:
        store.upsert([other._replace(chunks=one.chunks)])
    assert not isinstance(raised.value, CorruptError)
    assert_like_a_fresh_build(store, [one], ["amber"])
    store.close()


# ------------------------------------------------------------------------------ permissions


def use(folder: Path) -> tuple[str, str]:
    """What searching and writing end in: hits, or the name and words of an error."""
    said = []
    for work in ("search", "write"):
        try:
            store = open_store(folder)
            if work == "search":
                said.append(f"{len(store.dense(query('amber'), 5))} {len(store.lexical('amber', 5))} hits")
            else:
                store.upsert([make("a.txt", "amber")])
                said.append("written")
            store.close()
        except RagError as error:
            said.append(f"{type(error).__name__}: {error}")
    return said[0], said[1]


@pytest.mark.parametrize("closed", ["folder", "all", "unreadable"])
def test_a_folder_that_may_not_be_written(folder: Path, closed: str) -> None:
    folder.parent.chmod(0o755)
    files, folders = (0o600, 0o700) if closed == "unreadable" else (0o644, 0o755)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(folders if path.is_dir() else files)
    if closed == "folder":
        for path in folder.rglob("*"):
            if path.is_file():
                path.chmod(0o666)
    if os.geteuid() != 0:
        folder.chmod(0o500)
    searched, written = as_nobody(use, folder)
    assert searched.startswith("StoreError:") if closed == "unreadable" else searched == "5 5 hits", searched
    assert written.startswith("StoreError:"), written
    assert "permission" in written
    store = open_store(folder)
    assert_like_a_fresh_build(store, library(), ["amber"])
    store.close()


def search_only(folder: Path) -> tuple[list[str], str]:
    """What a search finds of the document that only the log of the database holds; what a write says."""
    with closing(open_store(folder)) as store:
        found = [hit.chunk_id for hit in store.lexical("quetzal", 5)]
        try:
            store.upsert([make("b.txt", "amber")])
        except RagError as error:
            return found, f"{type(error).__name__}: {error}"
    return found, "written"


def test_a_folder_that_is_only_read_is_searched_with_what_its_log_holds(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with closing(open_store(folder)) as store:
        store.upsert([make("new.txt", "a quetzal")])
        shutil.copytree(folder, copy)  # as the store's process would leave it, killed now
    assert (copy / "store.sqlite-wal").stat().st_size
    (copy / "store.sqlite-shm").unlink()
    before = {path.relative_to(copy): path.stat().st_mtime_ns for path in copy.rglob("*")}
    tmp_path.chmod(0o755)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    found, written = as_nobody(search_only, copy)
    assert len(found) == 1
    assert written.startswith("StoreError:")
    assert {path.relative_to(copy): path.stat().st_mtime_ns for path in copy.rglob("*")} == before


# ------------------------------------------------------------------------------ a full disk


def until_full(store: LocalStore) -> tuple[list[Upsert], StoreError]:
    """Writes documents until the store refuses one; those that it took, and the error."""
    taken: list[Upsert] = []
    for number in range(2_000):
        item = make(f"big-{number}.txt", *(f"amber {part} " + "x" * 5_000 for part in range(4)))
        try:
            store.upsert([item])
        except StoreError as error:
            return taken, error
        taken.append(item)
    raise RuntimeError("the disk never filled up")


def test_a_database_that_may_not_grow_takes_a_document_whole_or_not(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    connection = store._truth.connection
    connection.execute("PRAGMA max_page_count = 100")
    taken, error = until_full(store)
    assert "no space left" in str(error)
    assert len(taken) > 3
    assert_like_a_fresh_build(store, taken, ["amber 2"])
    store.delete([taken[0].document.id])
    store.upsert([make("small.txt", "amber small")])
    connection.execute("PRAGMA max_page_count = 100000")
    store.upsert([make("after.txt", "x" * 50_000)])
    rest = [*taken[1:], make("small.txt", "amber small"), make("after.txt", "x" * 50_000)]
    assert_like_a_fresh_build(store, rest, ["amber 2"])
    store.close()


def test_a_full_disk_loses_nothing_that_was_stored(small_disk: Path) -> None:
    store = open_store(small_disk / "index")
    taken, error = until_full(store)
    assert "space" in str(error)
    assert len(taken) > 3
    with pytest.raises(StoreError):  # there is no room for the indexes either
        store.sync()
    assert {info.id for info in store.documents()} == {item.document.id for item in taken}
    store.close()

    grow(small_disk)
    store = open_store(small_disk / "index")
    store.sync()
    assert_like_a_fresh_build(store, taken, ["amber 2"])
    more = make("after.txt", "amber after")
    store.upsert([more])
    assert ids(store.lexical("after", 1)) == [more.chunks[0].id]
    store.close()


@pytest.mark.parametrize("version", [0, -1, -(2**31)])
def test_a_version_that_nobody_wrote_is_refused(folder: Path, version: int) -> None:
    """But for 0 in a file that has our tables, which lost its number and nothing else."""
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
        if version == 0:
            connection.execute("DROP TABLE chunk")
    with pytest.raises(CorruptError, match=f"format {version}, which no version has written"):
        open_store(folder)


def test_an_open_folder_that_was_renamed_is_not_made_again(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        folder.rename(folder.with_name("elsewhere"))
        for work in (lambda: store.upsert(library()), store.sync, lambda: store.delete(["a"])):
            with pytest.raises(StoreError, match="was moved since it was opened: open the store again"):
                work()
        assert not folder.exists()
    with closing(open_store(folder.with_name("elsewhere"))) as store:
        assert len(list(store.documents())) == 40
