"""The local store: one folder that can be copied, moved and backed up, with no server and no pickle.

    rag.toml        what the store was built with: format, embedder, lexical engine, language
    store.sqlite    the only truth: documents, chunks, vectors and a change log
    dense/ lexical/ derived from it; deleting them costs a rebuild and nothing else

One writer at a time, any number of readers, in any number of processes and threads. Inside a snapshot
everything is seen at one point of the change log: SQLite by its read transaction, the derived indexes by
being brought to exactly that point first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, get_args

from rag.counts import counted
from rag.errors import CorruptError, FingerprintError, LockedError, StoreError
from rag.types import Chunk, Document, DocumentInfo, Scored

from ..contract import BuiltWith, Capabilities, Problem, Upsert
from ..upsert import prepared
from ..where import Filter, Op
from .check import problems
from .derived import Derived
from .exchange import exchange, grown_beside, settle
from .gate import Gate
from .identity import Identity
from .shadow import is_read_only, readable_database, shadow_of
from .truth import Truth, refuse_lost, translated

if TYPE_CHECKING:
    import numpy as np
    from filelock import FileLock
    from numpy.typing import NDArray

    _Found = tuple[NDArray[np.float32], NDArray[np.int64]]

CAPS = Capabilities(
    name="local",
    lexical="tantivy",
    filters=frozenset(get_args(Op)),
    bm25=True,
    unspaced=True,
    dense="exact, then compressed",
)
_SAMPLE = 200  # chunks by which the language of an index is told
_CACHED_FILTERS = 16
_CACHED_IDS = 65_536  # some 12 MB


class LocalStore:
    """A `VectorStore` in a folder. Use `LocalStore.open`."""

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        truth: Truth,
        wait: float = 0.0,
        shadow: TemporaryDirectory[str] | None = None,
    ) -> None:
        self.folder = folder
        self._shadow = shadow  # in which a store searches whose folder may only be read
        self.identity = identity
        self._truth = truth
        self._derived: Derived | None = None
        self._gate = Gate()
        self._local = threading.local()
        self._opening = threading.Lock()
        self._caching = threading.Lock()
        self._turn = threading.RLock()  # writers of this process
        self._wait = wait
        self._writing = False
        self._ids: dict[int, str] = {}
        self._filters: dict[tuple[str, int], NDArray[np.int64]] = {}

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        fingerprint: str,
        dim: int,
        embedder: str = "",
        language: str = "auto",
        engine: str = "tantivy",
        wait: float = 0.0,
    ) -> LocalStore:
        """Opens the folder, or makes it.

        `fingerprint`, `dim` and `embedder` (how to open it again) belong to the embedder; `language`
        (a Snowball name, `none`, or `auto`: told from the first chunks) and `engine` (`tantivy`,
        `rank-bm25`) are only looked at when the store is made. `wait`: seconds to wait for another
        writer before LockedError.

        A folder that may only be read is searched all the same; what is written then fails.

        Raises FingerprintError where the store was built with another embedder, CorruptError where the
        folder holds something else, StoreError where it cannot be made.
        """
        path = Path(folder)
        wanted = Identity(fingerprint, dim, embedder, engine, language)
        try:
            settle(path)
            refuse_lost(path / "store.sqlite")
            path.mkdir(parents=True, exist_ok=True)
            identity = Identity.read(path) or wanted.write_new(path)
        except OSError as error:
            raise StoreError(
                f"cannot open {path} as a store ({error.strerror}): name a folder that can be written"
            ) from error
        if (identity.fingerprint, identity.dim) != (fingerprint, dim):
            raise FingerprintError.between(
                path,
                (identity.embedder, identity.fingerprint),
                (embedder, fingerprint),
                "run `rag ingest --reembed` to embed everything again with the new one",
            )
        database = path / "store.sqlite"
        if not is_read_only(path):
            return cls(path, identity, Truth(database), wait)
        shadow = shadow_of(path)
        with translated(database):
            uri = readable_database(database, Path(shadow.name))
        return cls(path, identity, Truth(database, uri), wait, shadow)

    @staticmethod
    def identity_of(folder: str | Path) -> Identity | None:
        """What a folder was built with, or None where there is no store in it."""
        settle(Path(folder))
        return Identity.read(Path(folder))

    exchange = staticmethod(exchange)
    grown_beside = staticmethod(grown_beside)

    @property
    def language(self) -> str:
        """The language of the lexical index; `auto` until there are chunks to tell it by."""
        if self.identity.language == "auto":
            self.identity = Identity.read(self.folder) or self.identity
        return self.identity.language

    @property
    def caps(self) -> Capabilities:
        return replace(CAPS, lexical=self.identity.engine)

    # ------------------------------------------------------------------------------------------- writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the writer's place for this process. Raises LockedError where another process has it."""
        with self._turn:
            if self._writing:
                yield
                return
            lock = self._writers_lock()
            self._writing = True
            try:
                yield
            finally:
                self._writing = False
                lock.release()

    def _writers_lock(self) -> FileLock:
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / "writer.lock", timeout=self._wait)
        try:
            self._truth.check_place()  # the lock would make the folder again, where it was moved away
            lock.acquire()
        except Timeout:
            raise LockedError(
                f"another process is writing to {self.folder}: wait until it is done and try again"
            ) from None
        except OSError as error:
            raise StoreError(
                f"{self.folder} cannot be written ({error.strerror}): check its permissions and the disk"
            ) from error
        return lock

    def upsert(self, items: Sequence[Upsert]) -> None:
        with self.writing():
            for item in prepared(items, self.identity.dim):
                self._truth.replace(item)

    def delete(self, document_ids: Sequence[str] = (), where: Filter | None = None) -> int:
        with self.writing():
            return self._truth.delete(document_ids, where)

    def sync(self) -> None:
        with self.writing():
            self._truth.harden()
            with self.snapshot():
                stamp = self._indexes.save()
            self._truth.prune(stamp)
            self._truth.checkpoint()

    def purge(self) -> None:
        """Writes every file anew, so that none keeps what was removed: database, its log, both indexes.

        Costs a rebuild of the indexes. Raises StoreError while another process reads.
        """
        with self.writing():
            self.sync()
            self._gate.enter_alone()
            try:
                self._indexes.wipe()
                self._derived = None
                self._truth.vacuum()
            finally:
                self._gate.leave_alone()
            self.sync()

    # ----------------------------------------------------------------------------------------- searching

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        if getattr(self._local, "depth", 0):
            yield
            return
        with translated(self._truth.path):
            self._local.seq = self._enter()
        self._local.depth = 1
        try:
            yield
        finally:
            self._local.depth = 0
            self._truth.end()
            self._gate.leave()

    def _enter(self) -> int:
        """Comes in as a reader, in a SQLite snapshot, with the derived indexes at the very same change."""
        self._gate.enter()
        try:
            seq = self._truth.begin()
            if self._indexes.is_at(seq):
                return seq
            self._truth.end()
        except BaseException:
            self._gate.leave()
            raise
        self._gate.leave()
        self._gate.enter_alone()
        try:
            seq = self._indexes.follow(self._language)
        except BaseException:
            self._gate.leave_alone()
            raise
        self._gate.step_down()
        return seq

    @property
    def _indexes(self) -> Derived:
        with self._opening:
            if self._derived is None:
                identity = self.identity
                self._derived = Derived(
                    Path(self._shadow.name) if self._shadow else self.folder,
                    self._truth,
                    identity.dim,
                    identity.engine,
                    identity.store_id,
                )
            return self._derived

    def _language(self) -> str:
        """The language of the index: told from its first chunks once, then kept."""
        kept = Identity.read(self.folder) or self.identity
        if kept.language == "auto":
            from rag.indexes import detect_language

            sample = self._truth.texts(self._truth.positions()[:_SAMPLE])
            if not sample:
                return "auto"
            kept = kept.with_language(detect_language(chunk.text for _, chunk in sample))
            kept.write(self.folder)
        self.identity = kept
        return kept.language

    def dense(self, vector: NDArray[np.float32], k: int, where: Filter | None = None) -> list[Scored]:
        with translated(self._truth.path), self.snapshot():
            allowed = self._allowed(where)

            def search(reach: int) -> _Found:
                index = self._indexes.dense
                try:
                    scores, positions = index.search(vector[None, :], _within(index, reach), allowed)
                except CorruptError as error:
                    self._indexes.mend(index, error, self._language)
                    index = self._indexes.dense
                    scores, positions = index.search(vector[None, :], _within(index, reach), allowed)
                present = positions[0] >= 0
                return scores[0][present], positions[0][present]

            return self._ranked(search, k)

    def lexical(self, text: str, k: int, where: Filter | None = None) -> list[Scored]:
        with translated(self._truth.path), self.snapshot():
            allowed = self._allowed(where)

            def search(reach: int) -> _Found:
                index = self._indexes.lexical
                try:
                    return index.search(text, _within(index, reach), allowed)
                except CorruptError as error:
                    self._indexes.mend(index, error, self._language)
                    index = self._indexes.lexical
                    return index.search(text, _within(index, reach), allowed)

            return self._ranked(search, k)

    def _allowed(self, where: Filter | None) -> NDArray[np.int64] | None:
        if where is None:
            return None
        import numpy as np

        key = (repr(where), self._local.seq)  # as values, 1 and true would be the same filter
        with self._caching:
            allowed = self._filters.get(key)
        if allowed is None:
            allowed = np.asarray(self._truth.allowed(where), np.int64)
            with self._caching:
                if len(self._filters) >= _CACHED_FILTERS:
                    del self._filters[next(iter(self._filters))]
                self._filters[key] = allowed
        return allowed

    def _ranked(self, search: Callable[[int], _Found], k: int) -> list[Scored]:
        """The k best, with ids for positions. Ties go by id, those across the edge too: positions tell the
        store's history, ids do not.
        """
        if k < 1:
            return []
        reach = k + 1
        scores, positions = search(reach)
        while len(scores) == reach and scores[-1] == scores[k - 1]:
            reach *= 4
            scores, positions = search(reach)
        pairs = [
            (p, s) for p, s in zip(positions.tolist(), scores.tolist(), strict=True) if s >= scores[:k][-1]
        ]
        ids = self._ids_of([position for position, _ in pairs])
        return sorted((Scored(ids[p], s) for p, s in pairs), key=lambda hit: (-hit.score, hit.chunk_id))[:k]

    def _ids_of(self, positions: Sequence[int]) -> dict[int, str]:
        """Ids by position. A position never gets another id, so what was once read is remembered."""
        known = self._ids
        ids = {position: known[position] for position in positions if position in known}
        missing = [position for position in positions if position not in ids]
        if missing:
            read = self._truth.chunk_ids(missing)
            if len(known) > _CACHED_IDS:
                known = self._ids = {}
            known.update(read)
            ids.update(read)
        return ids

    # ------------------------------------------------------------------------------------------- reading

    def get(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        with translated(self._truth.path):
            return self._truth.get(chunk_ids)

    def load(self, document_ids: Sequence[str]) -> list[Document]:
        with translated(self._truth.path):
            return self._truth.load(document_ids)

    def documents(self, where: Filter | None = None) -> Iterator[DocumentInfo]:
        with translated(self._truth.path):
            yield from self._truth.documents(where)

    def scan(
        self, after: str = "", limit: int = 1000, where: Filter | None = None
    ) -> list[tuple[Chunk, NDArray[np.float32]]]:
        with translated(self._truth.path):
            return self._truth.scan(after, limit, where, self.identity.dim)

    def stats(self) -> Mapping[str, Any]:
        with translated(self._truth.path):
            return {
                "documents": self._truth.count("document"),
                "chunks": self._truth.count("chunk"),
                "dim": self.identity.dim,
                "bytes": _folder_bytes(self.folder),
                "engine": self.identity.engine,
                "language": self.identity.language,
                "embedder": self.identity.embedder,
                "fingerprint": self.identity.fingerprint,
            }

    def problems(self) -> list[Problem]:
        """The truth in itself, and against the derived indexes."""
        with translated(self._truth.path):
            mend = "restore the folder from a backup, or move it away and ingest again"
            rows = [Problem(what, mend) for what in problems(self._truth.connection, self.identity.dim)]
        try:
            with self.snapshot():
                chunks = self._truth.count("chunk")
                for name, index in (("dense", self._indexes.dense), ("lexical", self._indexes.lexical)):
                    if len(index) != chunks:
                        what = (
                            f"the {name} index holds {counted(len(index), 'chunk')}, and the store {chunks}"
                        )
                        rows.append(
                            Problem(what, f"rm -r {self.folder / name} (the next search rebuilds it)")
                        )
        except CorruptError as error:  # what the rows above are to blame for
            rows.append(Problem(str(error), mend))
        return rows

    def close(self) -> None:
        if self._derived is not None:
            self._derived.close()
        self._truth.close()
        if self._shadow is not None:
            self._shadow.cleanup()


def _within(index: Sized, reach: int) -> int:
    """As many as an index can give, and one: an answer of it has a place for each that is asked for."""
    return min(reach, len(index) + 1)


def _folder_bytes(folder: Path) -> int:
    """Bytes of all files, as they stand; files that go away meanwhile count nothing."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def open(  # noqa: A001
    url: str,
    *,
    fingerprint: str,
    dim: int,
    embedder: str = "",
    language: str = "auto",
    engine: str = "tantivy",
    wait: float = 0.0,
) -> LocalStore:
    """`LocalStore.open`, as `open.py` calls it."""
    return LocalStore.open(
        url, fingerprint=fingerprint, dim=dim, embedder=embedder, language=language, engine=engine, wait=wait
    )


def built_with(url: str) -> BuiltWith | None:
    """What a folder was built with, or None where there is no store in it."""
    kept = LocalStore.identity_of(url)
    return None if kept is None else BuiltWith(kept.embedder, kept.fingerprint, kept.dim, kept.language)
