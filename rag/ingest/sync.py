"""Makes a store follow a set of files: what is new is added, what changed replaced, what is gone removed.

A file whose size, times and recipe are those of last time is not read; one whose bytes are the same is not
parsed; a document whose content hash is the same is not written; a chunk that stood there before, or in a
file that moved, keeps its vector. Each document is one transaction, so an interrupted run goes on where it
stopped.
"""

from __future__ import annotations

import hashlib
import json
import stat
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.chunking import make_chunks
from rag.counts import counted
from rag.embedding import Embedder
from rag.errors import LoadError, RagError
from rag.loaders.guard.hidden import HIDDEN_KEY
from rag.loaders.guard.invisible import suspicious
from rag.progress import Progress, Watcher
from rag.stores import VectorStore, Where
from rag.terminal import controls_in
from rag.types import Chunk, Document, DocumentInfo, Span

from .deadline import within
from .files import File, Origin, Selection
from .parsing.cutting import storable
from .report import Failure, Report
from .storing import UNIT, Done, Here, Pending, Storing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .sources import Source

FILE_KEY = "_file"
"""The metadata entry that remembers the file a document came from: size, time, digest, recipe, documents."""

LONGEST = 10_000_000
"""Characters of a document that is cut in this process, where nothing bounds time and memory."""

_NO_TEXT = "no text to index"


class Parsed(NamedTuple):
    """A file as documents, or the reason why not. `problems` are rows for the report beside the documents.

    `cuts` has by document id where the chunks lie, or why it cannot be cut; what it lacks is cut here.
    """

    file: File
    documents: Sequence[Document]
    problems: Sequence[str]
    error: str | None
    cuts: Mapping[str, Sequence[Span] | str] = {}


Parse = Callable[[Iterable[File]], Generator[Parsed, None, None]]


@dataclass(slots=True)
class Sync:
    """One ingest run. `recipe` names everything but the file that decides about its chunks; relative
    sources are relative to `base`. What no parsing process has cut has to be cut in `timeout` seconds.
    `storing` takes what is cut; by default it is embedded and stored here.
    """

    store: VectorStore
    embedder: Embedder
    cut: Callable[[Document], list[Chunk]]
    recipe: str
    base: Path
    watch: Watcher = lambda progress: None
    report: Report = field(default_factory=Report)
    storing: Storing | None = None
    timeout: float = 60.0
    _pending: list[Pending] = field(default_factory=list)
    _under_way: set[str] = field(default_factory=set)
    _files: int = 0
    _total: int = 0
    _documents: int = 0

    # ---------------------------------------------------------------------------------------- files

    def files(self, selection: Selection, parse: Parse, *, force: bool = False) -> Report:
        """Follows a selection of files; documents of files that are gone or excluded are removed."""
        began = time.perf_counter()
        with self.store.writing():
            known = _by_file(self.store.documents())
            self.report.failed += selection.failed
            self.report.skipped += selection.skipped
            todo = [
                file for file in selection.files if self._differs(file, known.get(file.source, ()), force)
            ]
            self._files, self._total = len(selection.files) - len(todo), len(selection.files)
            gone = self._gone(selection, known)
            moved = {_digest_of(rows): source for source, rows in gone.items()}
            digests: dict[str, str] = {}
            with closing(parse(_digested(todo, digests))) as outcomes:
                for parsed in outcomes:
                    self._files += 1
                    if parsed.error is not None:
                        # An empty file is no loss, unless a document of it is stored, which is kept.
                        blank = not parsed.file.size and parsed.file.source not in known
                        outcome = self.report.skipped if blank else self.report.failed
                        outcome.append(Failure(parsed.file.source, parsed.error))
                        self._report_progress(parsed.file.source)
                        continue
                    self._take(parsed, digests[parsed.file.source], known, moved, gone)
            self._settle()
            self._remove(row for rows in gone.values() for row in rows)
            self._finish(began)
        return self.report

    def follow(self, source: Source, parse: Parse, *, force: bool = False) -> Report:
        """Follows a source that is no folder: what it says is new or changed is fetched and parsed."""
        began = time.perf_counter()
        with self.store.writing(), TemporaryDirectory(prefix="rag-") as spool:
            known = _by_file(self.store.documents())
            mine = {
                name: rows
                for name, rows in known.items()
                if rows[0].metadata[FILE_KEY].get("origin") == source.name
            }
            since = {name: rows[0].metadata[FILE_KEY].get("state", {}) for name, rows in mine.items()}
            again = {name for name, rows in mine.items() if force or not _complete(rows, self.recipe)}
            # A document to be read anew has no state: its source then brings it whole.
            asked = {name: {} if name in again else state for name, state in since.items()}
            digests: dict[str, str] = {}
            files = self._fetched(source, asked, mine, Path(spool))
            with closing(parse(_digested(files, digests))) as outcomes:
                for parsed in outcomes:
                    self._files += 1
                    if parsed.error is not None:
                        self.report.failed.append(Failure(parsed.file.source, parsed.error))
                    else:
                        self._take(parsed, digests[parsed.file.source], known)
                    parsed.file.path.unlink(missing_ok=True)
            self._settle()
            self._finish(began)
        return self.report

    def _fetched(
        self,
        source: Source,
        since: Mapping[str, Mapping[str, Any]],
        stored: Mapping[str, Sequence[DocumentInfo]],
        spool: Path,
    ) -> Iterator[File]:
        """What a source brings, as files under `spool`; all else that it says goes into the report."""
        for number, item in enumerate(source.discover(since)):
            rows = stored.get(item.source, ())
            if item.change == "unchanged":
                self.report.unchanged += [row.source for row in rows]
            elif item.change == "delete":
                self._remove(rows)
            elif item.change == "skipped":
                self.report.skipped.append(Failure(item.source, item.reason))
            elif item.change == "failed":
                self.report.failed.append(Failure(item.source, item.reason))
            else:
                try:
                    fetched = source.fetch(item)
                except RagError as error:
                    self.report.failed.append(Failure(item.source, str(error)))
                    continue
                folder = spool / str(number)
                folder.mkdir()
                path = folder / fetched.name
                path.write_bytes(fetched.data)
                origin = Origin(source.name, fetched.state, fetched.metadata)
                self._total += 1
                yield File(path, item.source, len(fetched.data), 0, 0, origin)

    def _differs(self, file: File, rows: Sequence[DocumentInfo], force: bool) -> bool:
        """Whether a file has to be parsed. A touched file with the same bytes does not."""
        if not rows or force or not _complete(rows, self.recipe):
            return True
        kept = rows[0].metadata[FILE_KEY]
        times = (kept["mtime_ns"], kept.get("ctime_ns", file.ctime_ns))
        same = kept["size"] == file.size and times == (file.mtime_ns, file.ctime_ns)
        if not same:
            try:
                same = kept["size"] == file.size and kept["digest"] == file_digest(file.path)
            except OSError:
                return True  # parsing it will say what is wrong
        if same:
            self.report.unchanged += [row.source for row in rows]
        return not same

    def _gone(
        self, selection: Selection, known: Mapping[str, Sequence[DocumentInfo]]
    ) -> dict[str, Sequence[DocumentInfo]]:
        """Stored files that were covered by the walk, and are no longer there or are now excluded."""
        there = {file.source for file in selection.files}
        return {
            source: rows
            for source, rows in known.items()
            if source not in there
            and "origin" not in rows[0].metadata[FILE_KEY]
            and selection.covers(source)
            and (selection.excludes(source) or not _exists(self.base / source))
        }

    def _take(
        self,
        parsed: Parsed,
        file_digest: str,
        known: Mapping[str, Sequence[DocumentInfo]],
        moved: Mapping[str, str] | None = None,
        gone: dict[str, Sequence[DocumentInfo]] | None = None,
    ) -> None:
        """Queues the documents of one file; documents that the file no longer holds are removed."""
        file, rows = parsed.file, known.get(parsed.file.source, ())
        self.report.failed += [Failure(file.source, problem) for problem in parsed.problems]
        documents = self._distinct(file, parsed.documents)
        stamp = {
            "source": file.source,
            "size": file.size,
            "mtime_ns": file.mtime_ns,
            "ctime_ns": file.ctime_ns,
            "digest": file_digest,
            "recipe": self.recipe,
            "documents": len(documents),
        }
        added: Mapping[str, Any] = {}
        if file.origin is not None:
            stamp |= {"origin": file.origin.name, "state": dict(file.origin.state)}
            added = file.origin.metadata
        former: Sequence[DocumentInfo] = ()
        if moved and gone and file_digest in moved and not rows:
            former = gone.pop(moved[file_digest], ())
        old = {row.id: row for row in rows}
        by_tail = {_tail(row): row for row in former}
        for document in documents:
            if document.source == file.source and added.get("title"):
                document = replace(document, title=str(added["title"]))
            document = replace(document, metadata={**added, **document.metadata, FILE_KEY: stamp})
            tail = document.source.removeprefix(file.source)
            self.document(
                document,
                old.pop(document.id, None),
                moved_from=by_tail.pop(tail, None),
                spans=parsed.cuts.get(document.id),
            )
            self._flush_if_full()
        self._remove([*old.values(), *by_tail.values()])
        self._report_progress(file.source)

    def _distinct(self, file: File, documents: Sequence[Document]) -> list[Document]:
        """The documents of a file that can be stored: those with a text, and of equal ids the last."""
        kept = {document.id: document for document in documents}
        if len(kept) < len(documents):
            twice = len(documents) - len(kept)
            self.report.failed.append(
                Failure(
                    file.source,
                    f"{counted(twice, 'document has', 'documents have')} the id of another: the last is kept",
                )
            )
        if len(kept) > 1:  # the only document of a file keeps its former self instead
            empty = [document for document in kept.values() if not document.text.strip()]
            self.report.failed += [Failure(document.source, _NO_TEXT) for document in empty]
            kept = {document.id: document for document in kept.values() if document.text.strip()}
        return list(kept.values())

    # ------------------------------------------------------------------------------------ documents

    def documents(self, documents: Iterable[Document]) -> Report:
        """Stores documents that come from no file; nothing else is removed."""
        began = time.perf_counter()
        with self.store.writing():
            for document, former in self._with_former(documents):
                self.document(document, former)
                self._flush_if_full()
                self._report_progress(document.source)
            self._settle()
            self._finish(began)
        return self.report

    def _with_former(self, documents: Iterable[Document]) -> Iterator[tuple[Document, DocumentInfo | None]]:
        """Documents with what is stored of them, looked up some at a time: of repeats, the last wins."""
        rest = iter(documents)
        while window := list(islice(rest, UNIT)):
            self._settle_if_under_way(window)
            known = self._known(window)
            seen: set[str] = set()
            for document in window:
                if document.id in seen:
                    self._settle()
                    known |= self._known([document])
                seen.add(document.id)
                yield document, known.get(document.id)

    def _settle_if_under_way(self, documents: Iterable[Document]) -> None:
        waiting = self._under_way | {item.document.id for item in self._pending}
        if any(document.id in waiting for document in documents):
            self._settle()

    def _known(self, documents: Sequence[Document]) -> dict[str, DocumentInfo]:
        where = Where("document_id", "in", tuple(document.id for document in documents))
        return {row.id: row for row in self.store.documents(where)}

    def document(
        self,
        document: Document,
        former: DocumentInfo | None,
        *,
        moved_from: DocumentInfo | None = None,
        spans: Sequence[Span] | str | None = None,
    ) -> None:
        """Queues one document, unless the store holds it as it is. `spans`: of its chunks, if known."""
        try:
            document = storable(document)
        except LoadError as error:
            self.report.failed.append(Failure(document.source, str(error)))
            return
        content = content_hash(document, self.recipe)
        if former is not None and former.hash == content:
            self.report.unchanged.append(document.source)
            return
        try:
            chunks = self._chunks(document, spans)
        except RagError as error:
            self.report.failed.append(Failure(document.source, str(error)))
            return
        if not chunks:
            self.report.failed.append(Failure(document.source, _NO_TEXT))
            return
        self._warn(document)
        self._pending.append(Pending(document, chunks, content, former, moved_from))

    def _chunks(self, document: Document, spans: Sequence[Span] | str | None) -> list[Chunk]:
        if isinstance(spans, str):
            raise LoadError(spans)
        if spans is not None:
            return make_chunks(document, spans)
        if len(document.text) > LONGEST:
            raise LoadError(
                f"too large: {len(document.text):,} characters, at most {LONGEST:,} are cut outside of a "
                "parsing process; split the document"
            )
        return within(self.timeout, lambda: self.cut(document), "cutting it into chunks")

    def _warn(self, document: Document) -> None:
        """Tells what the document's file hides; the text of a document made in Python stays as it is."""
        hidden = document.metadata.get(HIDDEN_KEY)
        kept = suspicious(document.text)
        strange = controls_in("\n".join(_texts(document)))
        if isinstance(hidden, str):
            self.report.warnings.append(Failure(document.source, hidden))
        signs = [f"kept, though hidden: {kept}"] if kept else []
        signs += [f"shown as escapes: {strange}"] if strange else []
        if signs:
            self.report.warnings.append(Failure(document.source, "; ".join(signs)))

    def _flush_if_full(self) -> None:
        if sum(len(item.chunks) for item in self._pending) >= UNIT:
            self._flush()

    def _flush(self) -> None:
        """Hands over what is pending, with the vectors that need no embedding."""
        pending, self._pending = self._pending, []
        if pending:
            texts = {chunk.indexed_text: None for item in pending for chunk in item.chunks}
            self._under_way.update(item.document.id for item in pending)
            self._follow(self._place.put(pending, self._reused(pending, texts)))

    def _settle(self) -> None:
        """Waits until all documents that were queued are stored."""
        self._flush()
        self._follow(self._place.rest())

    def _reused(
        self, pending: Sequence[Pending], wanted: Mapping[str, None]
    ) -> dict[str, NDArray[np.float32]]:
        """Vectors of the same text in the former selves of these documents."""
        reused: dict[str, NDArray[np.float32]] = {}
        rows = [row for item in pending for row in (item.former, item.moved_from) if row is not None]
        if rows:
            where = Where("document_id", "in", tuple(row.id for row in rows))
            for chunk, vector in self.store.scan(limit=sum(row.chunks for row in rows) + 1, where=where):
                if chunk.indexed_text in wanted:
                    reused[chunk.indexed_text] = vector
        self.report.reused += len(reused)
        return reused

    @property
    def _place(self) -> Storing:
        if self.storing is None:
            self.storing = Here(self.store, self.embedder)
        return self.storing

    def _follow(self, steps: Iterable[Done]) -> None:
        """Keeps account of what is done elsewhere."""
        for step in steps:
            self.report.embedded += step.embedded
            if step.stored is not None:
                self._stored(step.stored)
            if step.failed is not None:
                self._under_way.discard(step.failed.document.id)
                self.report.failed.append(Failure(step.failed.document.source, step.error))
            self._report_progress()

    def _stored(self, item: Pending) -> None:
        source = item.document.source
        self._under_way.discard(item.document.id)
        self._documents += 1
        self.report.chunks += len(item.chunks)
        if item.moved_from is not None:
            self.store.delete([item.moved_from.id])
            self.report.moved.append((item.moved_from.source, source))
        elif item.former is not None and _same_content(item.former.hash, item.hash):
            self.report.unchanged.append(source)  # only other documents of its file changed
        elif item.former is not None:
            self.report.updated.append(source)
        else:
            self.report.added.append(source)

    def _remove(self, rows: Iterable[DocumentInfo]) -> None:
        rows = list(rows)
        if rows:
            self.store.delete([row.id for row in rows])
            self.report.removed += [row.source for row in rows]

    def _finish(self, began: float) -> None:
        self.watch(Progress("indexing", self._files, self._total, self._documents, self.report.embedded))
        self.store.sync()
        self.report.sort()
        self.report.seconds += time.perf_counter() - began

    def _report_progress(self, source: str = "") -> None:
        self.watch(
            Progress("reading", self._files, self._total, self._documents, self.report.embedded, source)
        )


def digest(data: bytes) -> str:
    """A short content hash (BLAKE2b, 128 bits)."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def file_digest(path: Path) -> str:
    """The same of a file's bytes, which are not held in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def content_hash(document: Document, recipe: str) -> str:
    """Two hashes, `CONTENT-READING`: of all that is stored of the document, and of the file it came from.

    Neither depends on the file's time. The second changes with every document of the same file.
    """
    metadata = {name: value for name, value in document.metadata.items() if name != FILE_KEY}
    kept = document.metadata.get(FILE_KEY, {})
    parts: list[object] = [
        recipe,
        document.source,
        document.title,
        document.media_type,
        document.text,
        document.pages,
    ]
    parts.append(metadata)
    reading = [kept.get("digest"), kept.get("documents")]
    return "-".join(digest(json.dumps(part, sort_keys=True).encode()) for part in (parts, reading))


def _same_content(ours: str, other: str) -> bool:
    return ours.partition("-")[0] == other.partition("-")[0]


def _texts(document: Document) -> Iterator[str]:
    """All of a document that may be shown."""
    yield from (document.text, document.title, document.source)
    yield from (str(value) for name, value in document.metadata.items() if not name.startswith("_"))


def _by_file(rows: Iterable[DocumentInfo]) -> dict[str, list[DocumentInfo]]:
    """Documents by the source of the file they came from; those that came from none are left out."""
    files: dict[str, list[DocumentInfo]] = defaultdict(list)
    for row in rows:
        kept: Any = row.metadata.get(FILE_KEY)
        if kept:
            files[kept["source"]].append(row)
    return files


def _complete(rows: Sequence[DocumentInfo], recipe: str) -> bool:
    """Whether all documents of one reading of a file are there, cut by this recipe."""
    kept = [row.metadata[FILE_KEY] for row in rows]
    first = kept[0]
    return (
        first["recipe"] == recipe
        and first["documents"] == len(rows)
        and all(row["digest"] == first["digest"] and row["recipe"] == recipe for row in kept)
    )


def _digest_of(rows: Sequence[DocumentInfo]) -> str:
    return str(rows[0].metadata[FILE_KEY]["digest"])


def _tail(row: DocumentInfo) -> str:
    """What distinguishes the documents of one file: `#17` of `facts.jsonl#17`."""
    return row.source.removeprefix(str(row.metadata[FILE_KEY]["source"]))


def _exists(path: Path) -> bool:
    """Whether a file is still there; where that cannot be found out, it is taken to be."""
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _digested(files: Iterable[File], digests: dict[str, str]) -> Iterator[File]:
    """Notes each file's digest just before it is parsed: a later edit is then seen by the next run."""
    for file in files:
        try:
            digests[file.source] = file_digest(file.path)
        except OSError:
            digests[file.source] = ""
        yield file
