"""The local store's derived indexes, dense and lexical: always rebuildable, always following the change log.

Each index remembers the stamp (the last `seq`) it holds. `follow` replays what is missing; an index that is
torn, foreign, or too far behind for the log is rebuilt from the truth. The lexical index is shared on disk
by all processes, so who brings it forward holds `derived.lock`; the dense index is brought forward in each
process's memory and saved when enough has come together.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import CorruptError, LockedError
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

Language = Callable[[], str]
"""Tells the language of the index, or `auto` while there is nothing to tell it by."""


class Derived:
    """The two indexes of one folder. `owner` ties them to one store: files of another are rebuilt."""

    def __init__(self, folder: Path, truth: Truth, dim: int, engine: str, owner: str) -> None:
        self._folder, self._truth, self._dim, self._engine = folder, truth, dim, engine
        self._owner = owner
        self._mark: tuple[int, int] | None = None  # the saved state that `dense` goes on from
        self._lexical: LexicalIndex | None = None
        self._language_told = False
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
            if stamp == seq:
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

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all processes in changing the files of the derived indexes."""
        from filelock import FileLock, Timeout

        lock = FileLock(self._folder / "derived.lock", timeout=_LOCK_SECONDS)
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

    def close(self) -> None:
        if self._lexical is not None:
            self._lexical.close()

    # --------------------------------------------------------------------------------------------- dense

    def _open_dense(self) -> DenseIndex:
        folder = self._claimed("dense")
        self._mark = self._dense_mark()
        try:
            return DenseIndex.open(folder, self._dim)
        except CorruptError:
            self._wipe(folder)
            return DenseIndex.open(folder, self._dim)

    def doubt_dense(self) -> None:
        """Sets aside an index whose files turned out to be damaged: the next `follow` builds it anew."""
        self._wipe(self._folder / "dense")
        self.dense_stamp = -1

    def _dense_mark(self) -> tuple[int, int] | None:
        """Tells one saved state of the dense index from another."""
        try:
            found = (self._folder / "dense" / "dense.json").stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _follow_dense(self, seq: int) -> None:
        if self.dense_stamp != seq:
            self.dense = self._replayed(self.dense, self.dense_stamp)
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
        for batch in _batches(added, _DENSE_BATCH):
            index.add(_array(batch), self._truth.vectors(batch, self._dim))
        return index

    # ------------------------------------------------------------------------------------------- lexical

    def _seen_stamp(self) -> int | None:
        """How far other processes have brought the lexical index on disk; None where that is unknown."""
        if self._lexical is None or not self._language_told:
            return None
        try:
            self._lexical.refresh()
        except CorruptError:
            return None  # `_follow_lexical` mends it, with the lock
        return self._lexical.stamp

    def _follow_lexical(self, seq: int, language: Language) -> None:
        index = self._lexical
        if index is None or not self._language_told:
            index = self._open_lexical(language())
        try:
            self._replay_lexical(index, seq)
        except CorruptError:  # torn since it was opened, or found to be so only now
            index.close()
            (self._folder / "lexical.owner").unlink(missing_ok=True)
            index = self._open_lexical(language())
            self._replay_lexical(index, seq)
        finally:
            index.close()  # the engine's own lock; other processes may be the next to bring it forward

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
        for batch in _batches(added, _LEXICAL_BATCH):
            index.update(first, self._texts(batch), behind)
            first = []
        index.update(first, [], seq)
        index.close()  # lets go of the writer's lock, for other processes; searching goes on

    def _open_lexical(self, language: str) -> LexicalIndex:
        """Opens the index, anew once the language is known: until there are chunks, it is not."""
        if self._lexical is not None:
            self._lexical.close()
        self._language_told = language != "auto"
        language = language if self._language_told else "none"
        folder = self._claimed("lexical", self._engine, language)
        try:
            self._lexical = open_lexical(folder, language, engine=self._engine)
        except CorruptError:
            self._wipe(folder, self._engine, language)
            self._lexical = open_lexical(folder, language, engine=self._engine)
        return self._lexical

    def _texts(self, positions: Sequence[int]) -> list[tuple[int, str]]:
        return [(position, chunk.indexed_text) for position, chunk in self._truth.chunks(positions)]

    # --------------------------------------------------------------------------------------------- files

    def _claimed(self, name: str, *terms: str) -> Path:
        """The folder of one index, emptied if it was made for another store or on other terms."""
        folder = self._folder / name
        mark = folder.with_suffix(".owner")
        if not mark.is_file() or mark.read_text() != " ".join((self._owner, *terms)):
            self._wipe(folder, *terms)
        return folder

    def _wipe(self, folder: Path, *terms: str) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        folder.with_suffix(".owner").write_text(" ".join((self._owner, *terms)))


def _batches(positions: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(positions), size):
        yield positions[start : start + size]


def _array(positions: Sequence[int]) -> NDArray[np.int64]:
    import numpy as np

    return np.asarray(positions, np.int64)
