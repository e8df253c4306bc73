"""A world with a gap of words: questions say `zog thing7`, documents `adjust thing7`; eight such words.

Every thing has a document for each word, so without the map a question's own document is one of eight that
tie. With the word embedder a linear map can learn the gap, and that on documents it never saw.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag import Document, Rag
from rag.evaluate import Case, QuestionSet
from rag.testing import WordEmbedder

WORDS = ("adjust", "polish", "weigh", "paint", "carry", "repair", "measure", "label")
JARGON = ("zog", "vip", "mur", "tal", "ked", "lun", "pof", "rix")
THINGS = 14
SETTINGS: dict[str, Any] = {"search.augment": [], "search.denoise": [], "index.language": "none"}


def documents() -> Iterator[Document]:
    for thing in range(THINGS):
        for word in WORDS:
            yield Document.make(f"{word} thing{thing}", f"{word}-{thing}")


def cases() -> tuple[Case, ...]:
    """Questions without answers, so that they are searched for only."""
    return tuple(
        Case(f"{word}-{thing}", f"{jargon} thing{thing}", relevant={f"{word}-{thing}": 1.0})
        for thing in range(THINGS)
        for word, jargon in zip(WORDS, JARGON, strict=True)
    )


def questions() -> QuestionSet:
    return QuestionSet("jargon", cases())


@contextmanager
def opened(folder: Path, dim: int = 256, **settings: Any) -> Iterator[Rag]:
    """The index of this world, made where there is none."""
    with Rag(folder / "index", embedder=WordEmbedder(dim), settings={**SETTINGS, **settings}) as rag:
        if not rag.exists:
            rag.ingest(documents())
        yield rag
