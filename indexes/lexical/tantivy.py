"""BM25 on disk (tantivy). Its folder holds tantivy's files and `lexical.json`, nothing else.

The stamp is written after tantivy's commit, so that it is never ahead of the data: after a crash between
the two the owner repeats an update, which changes nothing. tantivy fixes k1 = 1.2 and b = 0.75.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, CorruptError, LockedError, StoreError

from ..analysis.analyzer import Analyzer
from .bm25 import K1, B, checked
from .files import META, check, checksums, environment, read_meta, segment_sizes, shape, sweep
from .manifest import NAME, Manifest, read_manifest, write_manifest
from .snapshot import Snapshot, length
from .upkeep import OURS, PAD, Statistics, padding, rewritten, tombstone

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SMALL_HEAP = 15_000_000  # bytes; the least that tantivy takes, and the quickest to set up
_LARGE_HEAP = 200_000_000
_BULK = 2_000  # added texts from which the large heap pays


class TantivyIndex:
    """A `LexicalIndex` in a folder. The writer's lock is taken by the first change and held until `close`."""

    def __init__(
        self, folder: Path, index: Any, manifest: Manifest, analyzer: Analyzer, seen: dict[str, int]
    ) -> None:
        self._folder = folder
        self._index = index
        self._manifest = manifest
        self._analyzer = analyzer
        self._seen = seen  # files that were read and found sound
        self._writer: Any = None
        self._heap = 0
        self._snapshot = Snapshot(index.searcher(), index.schema)

    @classmethod
    def open(cls, folder: Path, language: str, *, k1: float = K1, b: float = B) -> TantivyIndex:
        """See `open_lexical`. Raises ConfigError for another k1 or b than tantivy's."""
        if (k1, b) != (K1, B):
            raise ConfigError(
                f"tantivy scores with k1={K1}, b={B}, but k1={k1}, b={b} came. "
                "Leave them out, or take the engine 'rank-bm25'."
            )
        wanted = Manifest("tantivy", language, k1, b)
        analyzer = Analyzer(language)
        with _reading(folder):
            manifest, index, seen = _open(folder, wanted)
            return cls(folder, index, manifest, analyzer, seen)

    @property
    def stamp(self) -> int:
        return self._manifest.stamp

    def __len__(self) -> int:
        return len(self._snapshot)

    def search(
        self, text: str, k: int, allowed: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        with _reading(self._folder):
            return self._snapshot.search(Counter(self._analyzer.analyze(text)), k, allowed)

    def update(self, removed: Sequence[int], added: Sequence[tuple[int, str]], stamp: int) -> None:
        from tantivy import Query

        texts = {p: " ".join(self._analyzer.analyze(text)) for p, text in checked(removed, added).items()}
        bulk = len(texts) >= _BULK
        while True:  # a second time with a larger heap, where more is to be written than came
            with self._writing(bulk=bulk) as writer:
                sizes = self._sizes()
                losing = self._snapshot.find({*removed, *texts})
                anew = rewritten(self._snapshot.state(sizes), list(losing.values()), len(texts))
                carried = len(self._snapshot) if anew is None else sum(sizes[number] for number in anew)
                if bulk or carried + len(texts) < _BULK:
                    if anew is None:
                        writer.delete_documents_by_query(Query.all_query())
                        self._add(writer, self._snapshot.texts(without=losing))
                    else:
                        self._replace(writer, losing, texts, {number: sizes[number] for number in anew})
                    self._add(writer, texts.items())
                    self._commit(writer, stamp)
                    return
            bulk = True

    def refresh(self) -> None:
        with _reading(self._folder):
            # The manifest read before the data is never ahead of it, unless a `clear` came in between.
            before, (raw, meta) = read_manifest(self._folder), read_meta(self._folder)
            while True:
                _check(self._folder, before, meta, self._seen)
                self._index.reload()
                after, (again, meta) = read_manifest(self._folder), read_meta(self._folder)
                if (after, again) == (before, raw):
                    break
                before, raw = after, again
            before.check(self._manifest, self._folder / NAME)
            self._snapshot = Snapshot(self._index.searcher(), self._index.schema)
            self._manifest = before

    def clear(self) -> None:
        from tantivy import Query

        with self._writing(bulk=False) as writer:
            write_manifest(self._folder, replace(self._manifest, stamp=0, commit=0, files={}))
            writer.delete_documents_by_query(Query.all_query())
            self._commit(writer, 0)

    def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            # Dropping it instead would give up merges half done, again and again.
            writer.wait_merging_threads()

    def _sizes(self) -> list[int]:
        """The documents of each segment of the snapshot, deleted ones included."""
        sizes = segment_sizes(read_meta(self._folder)[1])
        if len(sizes) != self._snapshot.segments:  # merged meanwhile
            self.refresh()
            sizes = segment_sizes(read_meta(self._folder)[1])
        return sizes

    def _replace(
        self, writer: Any, losing: Mapping[int, Any], texts: Mapping[int, str], anew: Mapping[int, int]
    ) -> None:
        """Deletes what is lost, and writes segments anew (number → size), with true statistics for all."""
        from tantivy import Query

        snapshot = self._snapshot
        carried: dict[int, str] = {}
        documents, terms = snapshot.counted
        for number, size in anew.items():
            rows, held = snapshot.segment(number, size)
            documents, terms = documents - size, terms - held
            carried.update(rows)
        if gone := [*losing, *carried]:
            writer.delete_documents_by_query(Query.term_set_query(self._index.schema, "position", gone))
        kept = {p: text for p, text in carried.items() if p not in losing and not text.startswith(PAD)}
        buried = [place for place in losing.values() if place.segment_ord not in anew]
        kept |= {_own_position(): tombstone(snapshot.terms(place)) for place in buried}
        fresh = [*kept.values(), *texts.values()]
        counted = Statistics(documents + len(fresh), terms + sum(map(length, fresh)))
        living = Statistics(
            snapshot.living.documents - len(losing) + len(texts),
            snapshot.living.terms
            - snapshot.lengths(list(losing.values()))
            + sum(map(length, texts.values())),
        )
        pads = {_own_position(): " ".join([PAD] * number) for number in padding(living, counted)}
        self._add(writer, (kept | pads).items())

    def _add(self, writer: Any, texts: Iterable[tuple[int, str]]) -> None:
        from tantivy import Document

        for position, terms in texts:
            document = Document()
            document.add_unsigned("position", position)
            document.add_unsigned("length", length(terms) if position < OURS else 0)
            document.add_text("tokens", terms)
            writer.add_document(document)

    def _commit(self, writer: Any, stamp: int) -> None:
        manifest = replace(self._manifest, stamp=stamp, commit=writer.commit(), files={})
        self._index.reload()
        self._snapshot = Snapshot(self._index.searcher(), self._index.schema)
        with suppress(CorruptError):  # merged away meanwhile: then it is the footers alone that tell
            manifest = replace(manifest, files=checksums(self._folder, read_meta(self._folder)[1]))
        write_manifest(self._folder, manifest)
        self._manifest = manifest

    @contextmanager
    def _writing(self, *, bulk: bool) -> Iterator[Any]:
        """The writer; what failed half-way is rolled back."""
        heap = _LARGE_HEAP if bulk else _SMALL_HEAP
        if self._writer is not None and heap > self._heap:
            self.close()
        if self._writer is None:
            self._writer, self._heap = _writer(self._index, self._folder, heap), heap
            self.refresh()  # another process may have written since
            sweep(self._folder)
        try:
            yield self._writer
        except BaseException as error:
            self._roll_back()
            if not isinstance(error, (ValueError, OSError)) and not _panicked(error):
                raise
            if environment(error):
                raise StoreError(
                    f"the lexical index in {self._folder} could not be written: {error}. "
                    "Free disk space or check permissions, then repeat the update."
                ) from error
            raise CorruptError(
                f"the lexical index in {self._folder} takes no changes: {error}. "
                "Rebuild it from its documents."
            ) from error

    def _roll_back(self) -> None:
        try:
            self._writer.rollback()
        except BaseException as error:
            self._writer = None  # not even that: the next change takes a new writer
            if not (isinstance(error, (ValueError, OSError)) or _panicked(error)):
                raise


def _own_position() -> int:
    """One that no text has."""
    return OURS | random.getrandbits(63)


def _open(folder: Path, wanted: Manifest) -> tuple[Manifest, Any, dict[str, int]]:
    from tantivy import Index

    if not (folder / NAME).exists() and not (folder / META).exists():
        return *_create(folder, wanted), {}
    manifest = read_manifest(folder)
    manifest.check(wanted, folder / NAME)
    seen: dict[str, int] = {}
    _check(folder, manifest, read_meta(folder)[1], seen)
    index = Index.open(str(folder))
    index.config_reader("manual")
    index.reload()
    return manifest, index, seen


def _check(folder: Path, manifest: Manifest, meta: dict[str, Any], seen: dict[str, int]) -> None:
    """Raises CorruptError where the data are not those that the manifest speaks of."""
    if meta["opstamp"] < manifest.commit or shape(meta) != manifest.shape:
        raise CorruptError(
            f"{folder} is at commit {meta['opstamp']}, but {NAME} speaks of {manifest.commit}: files of two "
            "indexes. Rebuild the index from its documents."
        )
    check(folder, meta, manifest.files, seen)


def _create(folder: Path, manifest: Manifest) -> tuple[Manifest, Any]:
    from tantivy import Index

    folder.mkdir(parents=True, exist_ok=True)
    others = [path.name for path in folder.iterdir() if not path.name.startswith((".", NAME + "."))]
    if others:
        raise CorruptError(
            f"{folder} holds no {NAME} but other files ({', '.join(others[:3])}). "
            "Rebuild the index from its documents, or open it with the engine it was made with."
        )
    index = Index(_schema(), path=str(folder))
    index.config_reader("manual")
    manifest = replace(manifest, shape=shape(read_meta(folder)[1]))
    write_manifest(folder, manifest)
    return manifest, index


def _schema() -> Any:
    """Terms come analysed, so tantivy only splits at spaces; they are stored to be scored and rewritten."""
    from tantivy import SchemaBuilder

    schema = SchemaBuilder()
    schema.add_unsigned_field("position", indexed=True, fast=True)
    schema.add_unsigned_field("length", fast=True)
    schema.add_text_field("tokens", stored=True, tokenizer_name="whitespace", index_option="freq")
    return schema.build()


def _writer(index: Any, folder: Path, heap: int) -> Any:
    try:
        return index.writer(heap, 1)
    except ValueError as error:
        if "LockBusy" not in str(error):
            raise StoreError(f"the lexical index in {folder} cannot be written: {error}.") from error
        raise LockedError(
            f"another writer holds the lexical index in {folder}. Wait until it is closed, then try again."
        ) from error


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """tantivy's complaints about files, and its panics over torn ones, as CorruptError."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, (ValueError, KeyError, IndexError, OSError)) or _panicked(error):
            raise CorruptError(
                f"the lexical index in {folder} cannot be read: {error}. Rebuild it from its documents."
            ) from error
        raise


def _panicked(error: BaseException) -> bool:
    return type(error).__module__ == "pyo3_runtime"


def opened(folder: Path, language: str, *, k1: float = K1, b: float = B) -> TantivyIndex:
    """See `open_lexical`."""
    return TantivyIndex.open(folder, language, k1=k1, b=b)
