"""A small pipeline over documents about a museum, with the word embedder: every answer can be foretold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import Document, Rag
from rag.evaluate import Case, QuestionSet
from rag.testing import WordEmbedder

DOCUMENTS = {
    "hall.md": "The great hall opened in 1931. Its roof is made of copper.",
    "tower.md": "The tower has ninety steps. Visitors climb it on Sundays.",
    "garden.md": "Roses grow in the garden. The gardener waters them at dawn.",
}
CASES = (
    Case("hall", "When was the great hall opened?", ("1931",), {"hall.md": 1.0}, {"part": "house"}),
    Case("steps", "How many steps has the tower?", ("ninety",), {"tower.md": 1.0}, {"part": "house"}),
    Case("roses", "What grows in the garden?", ("Roses",), {"garden.md": 1.0}, {"part": "outside"}),
    Case("none", "Zebra quantum marmalade?", meta={"part": "outside"}),
    Case("find", "copper roof", (), {"hall.md": 2.0, "tower.md": 1.0}, {"part": "house"}),
)


@pytest.fixture
def museum() -> QuestionSet:
    return QuestionSet("museum", CASES)


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[Rag]:
    with Rag(tmp_path / "index", embedder=WordEmbedder(4096), settings={"index.language": "english"}) as rag:
        rag.ingest(Document.make(text, source) for source, text in DOCUMENTS.items())
        yield rag
