"""Whatever state the derived files are in, the next search gives the hits of a fresh build."""

from __future__ import annotations

import logging
import random
import shutil
from pathlib import Path

import pytest

from rag.stores import LocalStore, Upsert
from rag.testing.store import WORDS, make
from tests.stores.damage import damage, derived_files
from tests.stores.fresh import assert_like_a_fresh_build, found, open_store

TEXTS = ["amber n7", "basil", WORDS[5]]


def books(count: int, words: int = 8) -> list[Upsert]:
    chance = random.Random(3)
    return [
        make(f"book-{n}.txt", *(f"n{n} " + " ".join(chance.choices(WORDS, k=words)) for _ in range(3)))
        for n in range(count)
    ]


def filled(folder: Path, items: list[Upsert], engine: str = "tantivy") -> None:
    """A store that was edited, so that its indexes have segments, deletions and more than one save."""
    store = open_store(folder, engine=engine)
    store.upsert([*items, make("gone.txt", "amber basil"), make(items[0].document.source, "another text")])
    store.sync()
    store.delete([make("gone.txt", "").document.id])
    store.upsert(items[:1])
    store.sync()
    store.close()


def test_a_file_of_deletions_left_by_a_killed_writer_stops_nothing(tmp_path: Path) -> None:
    """Killed after tantivy wrote `SEGMENT.N.del` and before `meta.json`; the next commit takes the same N."""
    items, here, there = books(400, 60), tmp_path / "here", tmp_path / "there"
    store = open_store(here)
    store.upsert(items)
    store.sync()
    store.close()
    shutil.copytree(here, there)
    edited = [make(items[1].document.source, "amber anew"), *items[2:]]
    for folder in (here, there):
        store = open_store(folder)
        store.upsert(edited[:1])
        store.delete([items[0].document.id])
        if folder == here:
            store.sync()
        store.close()
    left = list((here / "lexical").glob("*.del"))
    assert left
    for path in left:
        shutil.copy(path, there / "lexical")
    files = len(derived_files(there))
    store = open_store(there)
    assert_like_a_fresh_build(store, edited, TEXTS)
    store.sync()
    store.close()
    assert len(derived_files(there)) <= files + 12  # no pile of files that nobody names


@pytest.mark.parametrize("engine", ["tantivy", "rank-bm25"])
def test_damaged_files_are_noticed_and_rebuilt(
    tmp_path: Path, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    items, chance = books(12), random.Random(engine)
    filled(tmp_path / "sound", items, engine)
    store = open_store(tmp_path / "sound", engine=engine)
    wanted = [found(store, text, 50) for text in TEXTS]
    store.close()
    names = [path.relative_to(tmp_path / "sound") for path in derived_files(tmp_path / "sound")]
    for turn in range(3 * len(names)):
        folder = tmp_path / f"{turn}"
        shutil.copytree(tmp_path / "sound", folder)
        way = damage(folder / names[turn % len(names)], chance)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                store = open_store(folder, engine=engine)
                got = [found(store, text, 50) for text in TEXTS]
                store.close()
                for mine, right in zip(got, wanted, strict=True):
                    for leg, expected in zip(mine, right, strict=True):
                        assert leg == pytest.approx(expected, abs=1e-5), (names[turn % len(names)], way)
                told, lines = len(caplog.messages), caplog.messages[:]
            assert told <= 2, lines  # told once, mended for good
        shutil.rmtree(folder)


def test_a_damaged_index_is_told_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    filled(tmp_path, books(12))
    (vectors,) = sorted((tmp_path / "dense").glob("*.vectors"))[:1]
    data = bytearray(vectors.read_bytes())
    data[-7] ^= 4
    vectors.write_bytes(data)
    store = open_store(tmp_path)
    found(store, "amber", 50)
    store.close()
    (line,) = caplog.messages
    assert "dense" in line
    assert "rebuilt" in line
    assert "\n" not in line


@pytest.mark.parametrize("name", ["dense", "lexical"])
def test_folders_replaced_by_other_things(tmp_path: Path, name: str) -> None:
    items = books(12)
    for number, place in enumerate(("file", "link", "empty", "foreign")):
        folder = tmp_path / str(number)
        filled(folder, items)
        shutil.rmtree(folder / name)
        if place == "file":
            (folder / name).write_text("a file")
        elif place == "link":
            (folder / name).symlink_to(tmp_path / "nowhere")
        elif place == "empty":
            (folder / name).mkdir()
        else:
            filled(tmp_path / "other", books(3))
            shutil.copytree(tmp_path / "other" / name, folder / name)
        store = open_store(folder)
        assert_like_a_fresh_build(store, items, TEXTS)
        store.close()


def test_an_index_that_holds_too_little_is_noticed(tmp_path: Path) -> None:
    """Sound files of another moment, with a stamp that says they are of now."""
    items = books(12)
    store: LocalStore = open_store(tmp_path)
    store.upsert(items[:6])
    store.sync()
    store.close()
    shutil.copytree(tmp_path, tmp_path / "early")
    store = open_store(tmp_path)
    store.upsert(items[6:])
    store.sync()
    seq = store._truth.seq()
    store.close()
    for name in ("dense", "lexical"):
        shutil.rmtree(tmp_path / name)
        shutil.copytree(tmp_path / "early" / name, tmp_path / name)
    store = open_store(tmp_path)
    with store._truth.transaction() as connection:  # a log that says nothing happened in between
        connection.execute("DELETE FROM change")
        connection.execute("INSERT INTO change (seq, position, added) VALUES (?, 0, 0)", (seq,))
    assert_like_a_fresh_build(store, items, TEXTS)
    store.close()
