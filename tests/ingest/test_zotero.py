"""A Zotero library with the tables that Zotero makes, followed by an index."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rag import Rag
from rag.errors import ConfigError
from rag.ingest.sources import Options, open_source
from rag.testing import SourceContract, WordEmbedder

TABLES = """
    CREATE TABLE items (itemID INTEGER PRIMARY KEY, itemTypeID INT, key TEXT);
    CREATE TABLE deletedItems (itemID INTEGER PRIMARY KEY);
    CREATE TABLE itemAttachments (itemID INTEGER PRIMARY KEY, parentItemID INT, linkMode INT,
                                  contentType TEXT, path TEXT);
    CREATE TABLE fields (fieldID INTEGER PRIMARY KEY, fieldName TEXT);
    CREATE TABLE itemDataValues (valueID INTEGER PRIMARY KEY, value);
    CREATE TABLE itemData (itemID INT, fieldID INT, valueID INT);
    CREATE TABLE creators (creatorID INTEGER PRIMARY KEY, firstName TEXT, lastName TEXT);
    CREATE TABLE itemCreators (itemID INT, creatorID INT, creatorTypeID INT, orderIndex INT);
    CREATE TABLE tags (tagID INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE itemTags (itemID INT, tagID INT);
    INSERT INTO fields VALUES (1, 'title'), (2, 'date'), (3, 'DOI');
    INSERT INTO tags VALUES (1, 'water');
    INSERT INTO creators VALUES (1, 'Ada', 'Lund'), (2, '', 'Quell Institute');
"""


class Library:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.run(TABLES)
        self._next = 10

    def run(self, sql: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.folder / "zotero.sqlite")) as database, database:
            if values:
                database.execute(sql, values)
            else:
                database.executescript(sql)

    def file(self, name: str) -> Path:
        return self.folder / "storage" / f"KEY{name}" / f"{name}.txt"

    def put(self, name: str, text: str) -> None:
        if not self.file(name).exists():
            parent, child = self._next, self._next + 1
            self._next += 2
            self.run("INSERT INTO items VALUES (?, 1, ?), (?, 2, ?)", parent, f"P{name}", child, f"KEY{name}")
            self.run(
                "INSERT INTO itemAttachments VALUES (?, ?, 0, 'text/plain', ?)",
                child,
                parent,
                f"storage:{name}.txt",
            )
            self.run(
                "INSERT INTO itemDataValues VALUES (?, ?), (?, ?)",
                parent,
                f"On {name}",
                child,
                "2019-05-00 May 2019",
            )
            self.run("INSERT INTO itemData VALUES (?, 1, ?), (?, 2, ?)", parent, parent, parent, child)
            self.run("INSERT INTO itemCreators VALUES (?, 1, 1, 0), (?, 2, 1, 1)", parent, parent)
            self.run("INSERT INTO itemTags VALUES (?, 1)", parent)
            self.file(name).parent.mkdir(parents=True)
        self.file(name).write_text(text)

    def remove(self, name: str) -> None:
        self.run("INSERT INTO deletedItems SELECT itemID FROM items WHERE key = ?", f"KEY{name}")
        self.file(name).unlink()
        self.file(name).parent.rmdir()
        self.run("UPDATE items SET key = 'OLD' || itemID WHERE key = ?", f"KEY{name}")

    def open(self) -> Any:
        return open_source(f"zotero://{self.folder}", Options())


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "Zotero")


class TestContract(SourceContract):
    @pytest.fixture
    def world(self, library: Library) -> Library:
        return library


def test_attachments_have_what_the_library_says_of_them(library: Library, tmp_path: Path) -> None:
    library.put("dams", "The wall is 43 metres high.")
    with Rag(tmp_path / ".rag", embedder=WordEmbedder(), settings={"ingest.workers": 1}) as rag:
        assert len(rag.ingest(f"zotero://{library.folder}").added) == 1
        (info,) = rag.documents('author has "Ada Lund" and tags has "water" and date >= "2019"')
        assert info.source == "zotero://Pdams/KEYdams/dams.txt"
        assert info.metadata["author"] == ["Ada Lund", "Quell Institute"]
        assert (info.title, info.metadata["date"]) == ("On dams", "2019-05-00")
        library.run("UPDATE itemDataValues SET value = 'On walls' WHERE value = 'On dams'")
        assert rag.ingest(f"zotero://{library.folder}").updated == [info.source]
        assert rag.documents()[0].title == "On walls"
        library.file("dams").unlink()
        report = rag.ingest(f"zotero://{library.folder}")
        assert "its file is not there" in report.failed[0].reason
        assert len(rag.documents()) == 1


def test_a_folder_without_a_library(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no zotero\.sqlite"):
        open_source(f"zotero://{tmp_path}", Options())
