"""What the tests of ingesting share: folders in memory, and an index of words beside a folder of notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rag import Rag
from rag.ingest import Report
from rag.testing import WordEmbedder
from rag.types import Document
from tests.stores.conftest import tmp_path

__all__ = ["tmp_path"]


def read(path: Path, source: str) -> Sequence[Document]:
    """A file as one document, its title told so that a new name does not change what is embedded."""
    text = path.read_text()
    if "BROKEN" in text:
        raise ValueError("cannot be understood")
    return [Document.make(text, source, title="note")]


class Notes:
    """A folder `docs` and an index beside it."""

    def __init__(self, base: Path) -> None:
        self.base, self.docs = base, base / "docs"
        self.docs.mkdir(exist_ok=True)
        self.embedder = WordEmbedder()
        self.load: Callable[[Path, str], Sequence[Document]] = read

    def open(self, **settings: Any) -> Rag:
        chosen = {name.replace("__", "."): value for name, value in settings.items()}
        return Rag(self.base / ".rag", embedder=self.embedder, settings=chosen)

    def write(self, name: str, text: str) -> Path:
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def ingest(self, *paths: str | Path | Document, **settings: Any) -> Report:
        """Opens the index, makes it follow the paths (by default `docs`), and closes it."""
        with self.open(**settings) as rag:
            return rag.ingest(paths or (self.docs,), load=self.load)

    def stored(self) -> dict[str, str]:
        """Text by source; the store itself must be sound."""
        with self.open() as rag:
            assert list(rag.store.problems()) == []
            infos = list(rag.store.documents())
            found = {document.source: document.text for document in rag.store.load([i.id for i in infos])}
            assert len(found) == len(infos)
            return found

    def search(self, text: str) -> list[str]:
        """The sources that share a word with the text."""
        with self.open() as rag:
            ranked = rag.store.lexical(text, 100)
            return sorted({c.source for c in rag.store.get([hit.chunk_id for hit in ranked])})


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path)
