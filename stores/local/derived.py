"""The local store's derived indexes, dense and lexical: always rebuildable, always following the change log.

Each index remembers the stamp (the last `seq`) it holds. `follow` replays what is missing; an index that is
torn, foreign, of another size than the truth, or too far behind for the log is rebuilt from the truth,
whatever state its files are in, and one line is logged. The lexical index is shared on disk
by all processes, so who brings it forward holds `derived.lock`; the dense index is brought forward in each
process's memory and saved when enough has come together.
"""

from __future__ import annotations

import errno
import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import CorruptError, LockedError, StoreError
from rag.indexes import DenseIndex, LexicalIndex, open_lexical

from .truth import Truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DENSE_BATCH = 5_000  # vectors in memory at a time
_LEXICAL_BATCH = 50_000  # texts to a commit; until the last, the stamp stays behind, so a crash replays
_LOCK_SECONDS = 120
_SAVE_ALWAYS = 200_000  # chunks; up to here writing the whole dense index takes a fraction of a second
_SAVE_SHARE = 50  # beyond, it is written when 1/50 has changed; until then each process replays the rest

_ODD_FILES = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EINVAL, errno.ELOOP, errno.EIO}

_log = logging.getLogger("rag.stores")

Language = Callable[[], str]
"""Tells the language of the index, or `auto` while there is nothing to tell it by."""


class Derived:
    """The two indexes of one folder. `owner` ties them to one store: files of another are rebuilt."""

    def __init__(self, folder: Path, truth: Truth, dim: int, engine: str, owner: str) -> None:
        self._folder, self._truth, self._dim, self._engine = folder, truth, dim, engine
        self._owner = owner
        self._mark: tuple[int, int] | None = None  # the saved state that `dense` goes on from
        self._lexical: LexicalIndex | None = None
        self._language_known = False
        from filelock import FileLock

        self._lock = FileLock(folder / "derived.lock", timeout=_LOCK_SECONDS)
        self._mending = threading.Lock()
        self.dense = self._open_dense()
        self.dense_stamp = self.dense.stamp

    @property
    def lexical(self) -> LexicalIndex:
        """Open once `follow` has run."""
        if self._lexical is None:
            raise CorruptError("the lexical index is not open: search inside `with store.snapshot()`")
        return self._lexical

    def is_at(self, seq: int) -> bool:
        """Whether both indexes hold exactly the changes up to `seq`. Moves nothing: others may search."""
        return self._lexical is not None and self.dense_stamp == seq and self._lexical.stamp == seq

    def follow(self, language: Language) -> int:
        """Brings both indexes to the truth of now. Leaves this thread in a read snapshot at the seq returned.

        The caller must be alone. Raises LockedError where another process is busy with them for minutes.
        """
        # The files first, then the truth: so what is found in them is never ahead of the snapshot.
        stamp = self._seen_stamp()
        seq = self._truth.begin()
        try:
            if stamp == seq and len(self.lexical) == self._truth.count("chunk"):
                self._follow_dense(seq)
                return seq
        except BaseException:
            self._truth.end()
            raise
        self._truth.end()
        with self._locked():
            self._truth.harden()
            seq = self._truth.begin()
            try:
                self._follow_lexical(seq, language)
                self._follow_dense(seq)
            except BaseException:
                self._truth.end()
                raise
        return seq

    def save(self) -> int:
        """Writes the dense index down if enough is pending. Returns the stamp that is safe on disk."""
        with self._locked():
            if self._dense_mark() != self._mark:  # the files are another process' now: go on from those
                index = self._open_dense()
                self.dense = self._replayed(index, index.stamp)
            if self.dense.pending * _SAVE_SHARE >= len(self.dense) or len(self.dense) <= _SAVE_ALWAYS:
                self._save_dense()
                self._mark = self._dense_mark()
        return min(self.dense.stamp, self.lexical.stamp)

    def _save_dense(self) -> None:
        try:
            self.dense.save(self.dense_stamp)
        except CorruptError:  # a file that it would merge is damaged: begin anew, from the truth
            self._wipe(self._folder / "dense")
            index = self._open_dense()
            self.dense = self._replayed(index, index.stamp)
            self.dense.save(self.dense_stamp)

    def mend(self, index: object, error: Exception, language: Language) -> None:
        """Builds an index anew that turned out to be damaged in a search; raises `error` where it was not.

        The caller is in a read snapshot at which both indexes stand.
        """
        if not _damaged(error):
            raise error
        with self._mending:
            if index is self.dense:
                self._dense_anew(error)
            elif index is self._lexical:
                with self._locked():
                    self._lexical_anew(self.dense_stamp, language, error)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all processes in changing the files of the derived indexes."""
        from filelock import Timeout

        lock = self._lock
        try:
            lock.acquire()
        except Timeout:
            raise LockedError(
                f"another process has been bringing {self._folder} up to date for {_LOCK_SECONDS} s: "
                "wait for it, or end it, and try again"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def wipe(self) -> None:
        """Removes the files of both indexes; the next that is opened here builds them from the truth."""
        with self._locked():
            self.close()
            for name in ("dense", "lexical"):
                _remove(self._folder / f"{name}.owner")
                _remove(self._folder / name)

    def close(self) -> None:
        if self._lexical is not None:
            self._lexical.close()

    # --------------------------------------------------------------------------------------------- dense

    def _open_dense(self) -> DenseIndex:
        folder = self._claimed("dense")
        self._mark = self._dense_mark()
        try:
            return DenseIndex.open(folder, self._dim)
        except Exception as error:
            if not _damaged(error):
                raise
            _report_damage(folder, error)
            self._wipe(folder)
            return DenseIndex.open(folder, self._dim)

    def _dense_anew(self, why: object) -> None:
        """The dense index made of the truth of this snapshot, and saved where that is possible."""
        _report_damage(self._folder / "dense", why)
        self._wipe(self._folder / "dense")
        index = self._open_dense()
        self._add_dense(index, self._truth.positions())
        self.dense = index
        with suppress(StoreError), self._locked():
            self._truth.harden()
            index.save(self._truth.seq())
            self._mark = self._dense_mark()

    def _dense_mark(self) -> tuple[int, int] | None:
        """Tells one saved state of the dense index from another."""
        try:
            stat = (self._folder / "dense" / "dense.json").stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns

    def _follow_dense(self, seq: int) -> None:
        if self.dense_stamp != seq:
            try:
                self.dense = self._replayed(self.dense, self.dense_stamp)
            except Exception as error:
                if not _damaged(error):
                    raise
                self._dense_anew(error)
        if len(self.dense) != (chunks := self._truth.count("chunk")):
            self._dense_anew(f"it holds {len(self.dense)} of {chunks} chunks")
        self.dense_stamp = seq

    def _replayed(self, index: DenseIndex, stamp: int) -> DenseIndex:
        """The index brought to the truth of this snapshot, or another one where the log has a gap."""
        changes = self._truth.changes(stamp)
        if changes is None:  # the log forgot what we need: another process may have saved a newer state
            index = self._open_dense()
            changes = self._truth.changes(index.stamp)
        if changes is None:
            self._wipe(self._folder / "dense")
            index = self._open_dense()
            added, removed = self._truth.positions(), []
        else:
            added, removed = changes.added, changes.removed
        if removed:
            index.remove(_array(removed))
        self._add_dense(index, added)
        return index

    def _add_dense(self, index: DenseIndex, positions: Sequence[int]) -> None:
        for batch in _batches(positions, _DENSE_BATCH):
            index.add(_array(batch), self._truth.vectors(batch, self._dim))

    # ------------------------------------------------------------------------------------------- lexical

    def _seen_stamp(self) -> int | None:
        """How far other processes have brought the lexical index on disk; None where that is unknown."""
        if self._lexical is None or not self._language_known:
            return None
        try:
            self._lexical.refresh()
        except StoreError:
            return None  # `_follow_lexical` mends it, with the lock
        return self._lexical.stamp

    def _follow_lexical(self, seq: int, language: Language) -> None:
        index = self._lexical
        if index is None or not self._language_known:
            index = self._open_lexical(language())
        try:
            self._replay_lexical(index, seq)
            if len(index) != (chunks := self._truth.count("chunk")):
                self._lexical_anew(seq, language, f"it holds {len(index)} of {chunks} chunks")
        except Exception as error:  # torn since it was opened, or found to be so only now
            if not _damaged(error):
                raise
            self._lexical_anew(seq, language, error)
        finally:
            self.lexical.close()  # the engine's own lock; others may be the next to bring it forward

    def _lexical_anew(self, seq: int, language: Language, why: object) -> None:
        """The lexical index made of the truth of this snapshot. The caller holds the lock."""
        folder = self._folder / "lexical"
        _report_damage(folder, why)
        if self._lexical is not None:
            with suppress(Exception):  # a writer that fails to end is of no use any more
                self._lexical.close()
        _remove(folder.with_suffix(".owner"))
        index = self._open_lexical(language())
        self._replay_lexical(index, seq)
        index.close()

    def _replay_lexical(self, index: LexicalIndex, seq: int) -> None:
        index.refresh()
        if index.stamp == seq:
            return
        changes = self._truth.changes(index.stamp)
        if changes is None:
            index.clear()
            added, removed = self._truth.positions(), []
        else:
            added, removed = changes.added, changes.removed
        first, behind = removed, index.stamp
        batches = list(_batches(added, _LEXICAL_BATCH)) or [[]]
        for batch in batches:
            index.update(first, self._texts(batch), seq if batch is batches[-1] else behind)
            first = []
        index.close()  # lets go of the writer's lock, for other processes; searching goes on

    def _open_lexical(self, language: str) -> LexicalIndex:
        """Opens the index, anew once the language is known: until there are chunks, it is not."""
        if self._lexical is not None:
            with suppress(Exception):
                self._lexical.close()
        self._language_known = language != "auto"
        language = language if self._language_known else "none"
        folder = self._claimed("lexical", self._engine, language)
        try:
            self._lexical = open_lexical(folder, language, engine=self._engine)
        except Exception as error:
            if not _damaged(error):
                raise
            _report_damage(folder, error)
            self._wipe(folder, self._engine, language)
            self._lexical = open_lexical(folder, language, engine=self._engine)
        return self._lexical

    def _texts(self, positions: Sequence[int]) -> list[tuple[int, str]]:
        return [(position, chunk.indexed_text) for position, chunk in self._truth.texts(positions)]

    # --------------------------------------------------------------------------------------------- files

    def _claimed(self, name: str, *terms: str) -> Path:
        """The folder of one index, emptied if it was made for another store or on other terms."""
        folder = self._folder / name
        mark, said = folder.with_suffix(".owner"), b""
        with suppress(OSError):  # none, or no file
            said = mark.read_bytes()
        if said != " ".join((self._owner, *terms)).encode() or not folder.is_dir():
            if said.partition(b" ")[0] not in (b"", self._owner.encode()):
                _report_damage(folder, f"{mark.name} names another index")
            self._wipe(folder, *terms)
        return folder

    def _wipe(self, folder: Path, *terms: str) -> None:
        """An empty folder of ours, whatever stood in its place."""
        mark, fresh = folder.with_suffix(".owner"), folder.with_suffix(".owner.new")
        with self._locked():
            for path in (mark, folder, fresh):
                _remove(path)
            folder.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(" ".join((self._owner, *terms)).encode())
            fresh.replace(mark)


def _remove(path: Path) -> None:
    """Whatever it is: a file, a folder, a link, or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def _damaged(error: Exception) -> bool:
    """Whether the files of an index are at fault, and not the disk, the memory, a lock, or the truth."""
    if isinstance(error, StoreError):
        return isinstance(error, CorruptError)
    if isinstance(error, OSError):
        return error.errno in _ODD_FILES
    return not isinstance(error, (MemoryError, sqlite3.Error))


def _report_damage(folder: Path, why: object) -> None:
    _log.warning("%s is damaged or of another version, and is rebuilt from the documents (%s)", folder, why)


def _batches(positions: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(positions), size):
        yield positions[start : start + size]


def _array(positions: Sequence[int]) -> NDArray[np.int64]:
    import numpy as np

    return np.asarray(positions, np.int64)
