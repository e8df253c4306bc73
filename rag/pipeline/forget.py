"""Removing documents so that nothing of them is left, and looking whether that is so.

What else is kept of a document goes with it: its terms in the glossary, solved questions and ratings that
rest on it. A store that can writes its files anew (`purge`), since a deleted row stays in a database's free
pages. Then every file of the index, and of its evaluations, is read for what only the document said:
sentences of `_LONG` characters or more that stand in no other document, at most `_MOST` of a document, the
longest first. They are looked for as they are and as JSON writes them. Derived indexes hold words and vectors
in forms that cannot be looked through; they are built anew from what is stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from rag.augment.memory import NAME as SOLVED
from rag.augment.ratings import NAME as RATINGS
from rag.counts import counted
from rag.errors import StoreError
from rag.glossary.build import refresh
from rag.glossary.file import NAME as GLOSSARY
from rag.text.lines import json_lines
from rag.text.sentences import sentences
from rag.types import Document

from .parts import Parts, language_of

_LONG, _MOST = 30, 200
_BLOCK = 1 << 24  # bytes of a file that are read at a time
EVALUATIONS = ".rag-eval"
"""The folder beside an index in which its evaluations are kept."""


@runtime_checkable
class Purging(Protocol):
    """A store that can write its files anew, without what was removed."""

    def purge(self) -> None: ...


class Trace(NamedTuple):
    """Words of a removed document that a file still holds."""

    source: str
    path: Path
    words: str


class Forgotten(NamedTuple):
    """`sources` are gone; `traces` is what was found of them in `files` files of `size` bytes.

    `looked_for` are sentences; a document without one of its own has nothing that could be looked for.
    `unproven` says what could not be looked through.
    """

    sources: tuple[str, ...]
    looked_for: int
    files: int
    size: int
    traces: tuple[Trace, ...]
    unproven: str

    def to_dict(self) -> dict[str, object]:
        """JSON values."""
        traces = [{**trace._asdict(), "path": str(trace.path)} for trace in self.traces]
        return {**self._asdict(), "traces": traces}

    def __str__(self) -> str:
        place = f"{counted(self.files, 'file')}, {self.size:,} bytes"
        looked = f"{counted(self.looked_for, 'sentence')} of their own in {place}"
        if not self.looked_for:
            looked = "nothing: they have no sentence of their own"
        lines = [
            f"looked for {looked}",
            *(f"{path} still holds: “{words}”" for _, path, words in self.traces),
        ]
        if self.looked_for and not self.traces:
            lines.append("none was found")
        if self.unproven:
            lines.append(f"not looked through: {self.unproven}")
        return "\n".join(lines)


def forget(rag: Parts, sources: Iterable[str]) -> Forgotten:
    """Removes documents by source with all that is kept of them, and looks for what is left."""
    store, wanted = rag.store, set(sources)
    ids = [info.id for info in store.documents() if info.source in wanted]
    gone = store.load(ids)
    chunks = {chunk.id for document in gone for chunk in rag.chunks(document)}
    with store.writing():
        store.delete(ids)
        store.sync()
        if isinstance(store, Purging):
            store.purge()
    _without(rag.home / SOLVED, lambda row: bool(chunks & set(row.get("chunks", ()))))
    _without(rag.home / RATINGS, lambda row: bool(wanted & set(row.get("sources", ()))))
    if (rag.home / GLOSSARY).exists():
        refresh(store, rag.home, language_of(rag))
    own = _own(gone, _others(rag))
    places = dict.fromkeys((rag.home, rag.index, rag.index.absolute().parent / EVALUATIONS))
    files = list(dict.fromkeys(file.resolve() for place in places for file in _files(place)))
    traces = [trace for file in files for trace in _traces(file, own)]
    unproven = "" if isinstance(store, Purging) else f"the files of the store {type(store).__name__}"
    return Forgotten(
        tuple(sorted(document.source for document in gone)),
        sum(map(len, own.values())),
        len(files),
        sum(file.stat().st_size for file in files),
        tuple(traces),
        unproven,
    )


def _without(path: Path, goes: Callable[[dict[str, Any]], bool]) -> None:
    """Takes the rows that go out of a file of JSON lines."""
    if not path.exists():
        return
    lines = json_lines(path.read_text("utf-8"))
    kept = [line for line in lines if not goes(json.loads(line))]
    if len(kept) == len(lines):
        return
    try:
        path.write_text("".join(f"{line}\n" for line in kept), "utf-8")
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}): check its permissions") from error


def _others(rag: Parts) -> Iterator[Document]:
    """The documents that are left, one after another."""
    for info in list(rag.store.documents()):
        yield from rag.store.load([info.id])


def _own(gone: Sequence[Document], others: Iterable[Document]) -> dict[str, list[str]]:
    """Source → its sentences that no other document has."""
    said = {
        document.source: sorted(
            {document.text[a:b] for a, b in sentences(document.text) if b - a >= _LONG}, key=len, reverse=True
        )
        for document in gone
    }
    for other in others:
        said = {
            source: [sentence for sentence in own if sentence not in other.text]
            for source, own in said.items()
        }
    return {source: own[:_MOST] for source, own in said.items()}


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else []


def _traces(file: Path, own: dict[str, list[str]]) -> list[Trace]:
    """The first sentence of each source that a file holds."""
    wanted = [
        (source, words, {words.encode(), json.dumps(words)[1:-1].encode(), _escaped(words)})
        for source, own_sentences in own.items()
        for words in own_sentences
    ]
    longest = max((len(form) for *_, forms in wanted for form in forms), default=0)
    traces: dict[str, Trace] = {}
    tail = b""
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            data = tail + block
            for source, words, forms in wanted:
                if source not in traces and any(form in data for form in forms):
                    traces[source] = Trace(source, file, words)
            tail = data[-longest:] if longest else b""
    return list(traces.values())


def _escaped(words: str) -> bytes:
    return json.dumps(words, ensure_ascii=False)[1:-1].encode()
