"""A person's corrections go before every source: the note is the answer, and it is cited as a note.

A correction is a document of the index, `note:…`, whose text is the right answer and whose title is the
question it answers. With cos(q, s) for the question asked and that of a note, the note of the largest cosine
≥ `least` is put before all hits and answers alone; a question of the same words has cosine 1. No note is ever
a hit for another question, so corrections change nothing else. The stage is there where an index has
corrections (`corrections.json` in its folder), and needs no setting.
Source: EREN: Robust and Scalable Model Editing for Large Language Models, whose notes are edits of a model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rag.embedding import Embedder
from rag.errors import ConfigError, CorruptError
from rag.options import Share
from rag.stores import VectorStore
from rag.trace import note
from rag.types import Chunk, Document, Hit, Question, stable_id

NAME = "corrections.json"
NOTE = "note"
"""The name under which a note's hit has its cosine, and the prefix of its source."""


class Corrections:
    """The stage. A question under a filter asks for documents of its own choice: it gets no note at all."""

    name = "corrections"

    def __init__(
        self, known: Mapping[str, str], chunks: Mapping[str, Chunk], embedder: Embedder, least: float
    ) -> None:
        self._asked, self._embedder, self._least = list(known), embedder, least
        self._notes = [chunks.get(source) for source in known.values()]
        self._rows = embedder.embed(self._asked, "query") if known else None

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        others = without_notes(question, hits)
        if self._rows is None:
            return others
        near = (self._rows @ self._embedder.embed([question.text], "query")[0]).tolist()
        same = [float(_plain(question.text) == _plain(known)) for known in self._asked]
        best = max(range(len(near)), key=lambda at: (same[at], near[at]))
        cosine, chunk = max(same[best], near[best]), self._notes[best]
        if cosine < self._least or chunk is None:
            return others
        note("correction", {"of": self._asked[best], "cosine": round(cosine, 4)})
        return [Hit(chunk, 1.0, {NOTE: 1}, {NOTE: round(cosine, 4)}), *others]


def build(
    index: Path, store: VectorStore, embedder: Embedder, least: Share = 0.95
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage over the corrections in the folder `index`."""
    return Corrections(read(index), _chunks(store), embedder, least)


def without_notes(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
    """The hits that are no notes: what `Corrections` does where a filter was asked for."""
    return [hit for hit in hits if not hit.chunk.source.startswith(f"{NOTE}:")]


def is_note(hits: Sequence[Hit]) -> bool:
    """Whether the first hit is a correction, which answers alone."""
    return bool(hits) and NOTE in hits[0].scores


def noted(question: str, answer: str) -> Document:
    """The document of a correction. Raises ConfigError for an empty question or answer."""
    if not question.strip() or not answer.strip():
        raise ConfigError(f"got {question!r} and {answer!r}: expected a question and what is right")
    return Document.make(answer.strip(), source_of(question), title=question.strip())


def source_of(question: str) -> str:
    """The source of the note that answers a question: the same words, the same note."""
    return f"{NOTE}:{stable_id(_plain(question))[:12]}"


def read(home: Path) -> dict[str, str]:
    """Question → source of its note. Raises CorruptError for another file."""
    path = home / NAME
    try:
        sources = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise CorruptError(
            f"{path} is no JSON ({error}): `rag ls` shows the notes that are stored"
        ) from error
    return {str(question): str(source) for question, source in dict(sources).items()}


def write(home: Path, known: Mapping[str, str]) -> None:
    """Replaces the file; without corrections there is none."""
    path = home / NAME
    if not known:
        path.unlink(missing_ok=True)
        return
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(dict(known), ensure_ascii=False, indent=1) + "\n", "utf-8")
    beside.replace(path)


def _chunks(store: VectorStore) -> dict[str, Chunk]:
    """The first chunk of each note by its source."""
    from rag.stores import parse_where

    chunks: dict[str, Chunk] = {}
    after = ""
    while page := store.scan(after, 1000, parse_where(f'source ~ "{NOTE}:*"')):
        for chunk, _ in page:
            if chunk.source not in chunks or chunk.start < chunks[chunk.source].start:
                chunks[chunk.source] = chunk
        after = page[-1][0].id
    return chunks


def _plain(question: str) -> str:
    return " ".join(re.findall(r"\w+", question.casefold()))
