"""Vector search by inner product: exact while small, 1-bit codes and exact rescoring when large. Durable.

An index is a set of immutable segments (`segment.py`), some mapped from disk, some in memory, each
with the rows that have since been removed. A change replaces the tuple of segments, so a search that runs
meanwhile keeps the one it began with and needs no lock. Knows positions and vectors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import numpy as np

from rag.cores import cores
from rag.counts import counted
from rag.errors import CorruptError, StoreError

from . import manifest as manifests
from .parts import Part, among, dead_slots, drop, pieces, plan, with_dead
from .search import best, lookup, pad
from .segment import Segment, one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXACT_LIMIT = 50_000
"""Up to so many rows every vector is scored. The figures behind this and the next: docs/dense-index.md."""
RESCORE = 800
"""How many rows the codes put forward to be scored exactly."""
SEGMENT_ROWS = 131_072
"""The most rows a saved segment has: what one thread scans at a time, and what a save holds in memory."""

_FEW = 1024  # so many allowed positions are looked up and scored, without a scan
_CODED_SHARE = 0.15  # the codes serve a filter that lets through at least this share of the rows
_SMALL = 1024  # segments in memory up to so many rows are always merged with what is added


class DenseIndex:
    """Finds the vectors with the greatest inner product. With unit vectors that is the cosine.

    Adding, removing and saving are for one thread of one process at a time; searching is for any number of
    threads and processes, also while another changes or saves.
    """

    def __init__(
        self,
        folder: Path,
        dim: int,
        *,
        exact_limit: int = EXACT_LIMIT,
        rescore: int = RESCORE,
        threads: int | None = None,
        segment_rows: int = SEGMENT_ROWS,
    ) -> None:
        """An empty index; `open` reads what the folder holds."""
        if dim < 1 or exact_limit < 0 or rescore < 1 or (threads or 1) < 1 or segment_rows < 1:
            raise ValueError(
                f"got dim {dim}, exact_limit {exact_limit}, rescore {rescore}, threads {threads}, "
                f"segment_rows {segment_rows}: expected 1 or more for each, 0 or more for exact_limit"
            )
        self._folder = folder
        self._dim = dim
        self._exact_limit = exact_limit
        self._rescore = rescore
        self._threads = threads or cores()
        self._segment_rows = segment_rows
        self._parts: tuple[Part, ...] = ()
        self._stamp = 0
        self._generation = ""
        self._pending = 0

    @classmethod
    def open(
        cls,
        folder: Path,
        dim: int,
        *,
        exact_limit: int = EXACT_LIMIT,
        rescore: int = RESCORE,
        threads: int | None = None,
        segment_rows: int = SEGMENT_ROWS,
    ) -> DenseIndex:
        """The index saved in a folder, mapped and not read; an empty one with stamp 0 where there is none.

        `exact_limit`: rows up to which every vector is scored. `rescore`: rows that the codes put forward
        beyond that. `threads`: how many one search may use on large indexes, by default all cores.
        `segment_rows`: the most rows of a saved segment.
        Raises CorruptError where the files are torn, foreign, or of another `dim`: the owner rebuilds.
        """
        index = cls(
            folder, dim, exact_limit=exact_limit, rescore=rescore, threads=threads, segment_rows=segment_rows
        )
        manifest = manifests.read(folder, dim)
        while manifest is not None:
            try:
                index._load(manifest)
                break
            except FileNotFoundError as error:
                # A writer may have replaced this generation since its manifest was read.
                newer = manifests.read(folder, dim)
                if newer is None or newer.generation == manifest.generation:
                    raise CorruptError(f"{error.filename} is missing: rebuild the index") from error
                manifest = newer
        return index

    @staticmethod
    def erase(folder: Path) -> None:
        """Remove a saved index, sound or torn. Readers that have it open keep it."""
        (folder / manifests.NAME).unlink(missing_ok=True)
        for path in folder.glob("dense-*"):
            path.unlink(missing_ok=True)

    def __len__(self) -> int:
        return sum(part.rows for part in self._parts)

    @property
    def dim(self) -> int:
        """Values of a vector."""
        return self._dim

    @property
    def stamp(self) -> int:
        """What the owner passed to the last save: how far the index follows its source."""
        return self._stamp

    @property
    def pending(self) -> int:
        """Rows added and removed since the last save."""
        return self._pending

    def add(self, positions: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add rows: positions int64 (n,), vectors float32 (n, dim). A position that exists is replaced.

        Kept in memory, as half floats, until `save`. Raises ValueError for wrong shapes or types, negative
        or repeated positions, and values that are not finite or exceed a half float (65,504).
        """
        positions = _positions(positions)
        vectors = self._vectors(vectors, "vectors")
        if len(positions) != len(vectors):
            raise ValueError(
                f"got {counted(len(positions), 'position')} for {counted(len(vectors), 'vector')}: "
                "expected one for each"
            )
        if not len(positions):
            return
        order = np.argsort(positions)
        positions = positions[order]
        if np.any(positions[1:] == positions[:-1]):
            raise ValueError("got a position twice in one call: expected each once")
        with np.errstate(over="ignore"):
            halves = vectors[order].astype(np.float16)
        if not np.isfinite(halves).all():
            raise ValueError("got values beyond 65504, the largest half float: scale the vectors to length 1")
        *older, added = (*drop(self._parts, positions), Part.of(Segment.build(positions, halves)))
        # Merge segments in memory: few are left, and each row is copied a logarithmic number of times.
        while older and self._merges(older[-1], added.rows):
            added = Part.of(next(pieces((older.pop(), added), self._segment_rows)))
        self._parts = (*older, added)
        self._pending += len(positions)

    def remove(self, positions: NDArray[np.int64]) -> int:
        """Remove positions (int64 (n,)); those it does not hold are ignored. Returns how many it removed."""
        before = len(self)
        self._parts = drop(self._parts, np.unique(_positions(positions)))
        removed = before - len(self)
        self._pending += removed
        return removed

    def search(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The k best rows of each query (float32 (q, dim)), only among `allowed` positions where given.

        Returns scores float32 (q, k) and positions int64 (q, k), by falling score and then by rising
        position, padded with -inf and -1. As many hits come back as there are rows, up to k, whatever was
        removed or filtered. Up to `exact_limit` rows the hits are exact; beyond, the codes choose which rows
        are scored, and every score is exact still.
        """
        queries = self._vectors(queries, "queries")
        if k < 1:
            raise ValueError(f"got k = {k}: expected at least 1")
        with one_thread():
            return self._search(queries, k, allowed)

    def save(self, stamp: int) -> None:
        """Make all changes durable as one new generation, and remember the owner's stamp.

        Only segments that are small or have changed much are rewritten, one at a time; everything is where
        another process has saved since this index was opened. If it saved a later stamp, nothing is written.
        Raises StoreError where the files cannot be written; the generation on disk and the changes in
        memory then stay.
        """
        generation = token_hex(8)
        try:
            ours, later = self._standing(stamp)
            if later:
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            parts = self._write_segments(generation, anew=not ours)
            self._write_manifest(generation, parts, stamp)
        except (OSError, RuntimeError) as error:
            raise StoreError(
                f"the dense index in {self._folder} cannot be saved ({error}): check space and permissions"
            ) from error
        self._parts, self._stamp, self._generation, self._pending = parts, stamp, generation, 0

    def _standing(self, stamp: int) -> tuple[bool, bool]:
        """Whether the generation on disk is the one we began with, and if not, whether its stamp is later."""
        try:
            current = manifests.read(self._folder, self._dim)
        except CorruptError:
            return False, False
        if (current.generation if current else "") == self._generation:
            return True, False
        return False, current is not None and current.stamp > stamp

    def _write_segments(self, generation: str, *, anew: bool) -> tuple[Part, ...]:
        coded = len(self) > self._exact_limit
        # The files of another process' generation may be gone: what is mapped of ours is all there is.
        kept, loose = ([], self._parts) if anew else plan(self._parts, self._segment_rows, coded=coded)
        written = []
        for number, segment in enumerate(pieces(loose, self._segment_rows)):
            files = segment.write(self._folder, f"dense-{generation}-{number:04d}", codes=coded)
            written.append(Part.of(Segment.open(self._folder, files, self._dim)))
        return (*kept, *written)

    def _write_manifest(self, generation: str, parts: Sequence[Part], stamp: int) -> None:
        dead = dead_slots(parts)
        name = f"dense-{generation}.dead" if len(dead) else ""
        manifests.write(
            self._folder,
            manifests.Manifest(
                dim=self._dim,
                stamp=stamp,
                generation=generation,
                segments=tuple(part.segment.files for part in parts if part.segment.files),
                dead=name,
                dead_rows=len(dead),
                dead_crc=manifests.write_dead(self._folder, name, dead) if name else 0,
            ),
        )

    def _load(self, manifest: manifests.Manifest) -> None:
        segments = [Segment.open(self._folder, files, self._dim) for files in manifest.segments]
        self._parts = with_dead(segments, manifests.read_dead(self._folder, manifest))
        self._stamp, self._generation = manifest.stamp, manifest.generation

    def _merges(self, part: Part, rows: int) -> bool:
        """Whether an older part is merged with `rows` that are added behind it."""
        small = part.rows <= max(_SMALL, 2 * rows) and part.rows + rows <= self._segment_rows
        return small and part.segment.files is None

    def _vectors(self, vectors: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        vectors = np.asarray(vectors)
        if vectors.ndim != 2 or vectors.shape[1] != self._dim or vectors.dtype != np.float32:
            raise ValueError(
                f"got {name} of shape {vectors.shape} and type {vectors.dtype}: "
                f"expected float32 of shape (n, {self._dim})"
            )
        if not np.isfinite(vectors).all():
            raise ValueError(f"got {name} with NaN or infinite values: expected finite ones")
        return np.ascontiguousarray(vectors)

    def _search(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        parts = self._parts
        rows = sum(part.rows for part in parts)
        coded = rows > self._exact_limit
        if allowed is not None:
            allowed = _positions(allowed)
            if len(allowed) <= _FEW:
                return pad([lookup(parts, query, k, np.unique(allowed)) for query in queries], k)
            parts = among(parts, allowed)
            coded = coded and sum(part.rows for part in parts) >= _CODED_SHARE * rows
        parts = tuple(part for part in parts if part.rows)
        ranked = [
            best(parts, query, k, self._rescore, coded=coded, threads=self._threads) for query in queries
        ]
        return pad(ranked, k)


def _positions(positions: NDArray[np.int64]) -> NDArray[np.int64]:
    positions = np.asarray(positions)
    if positions.ndim != 1 or positions.dtype != np.int64:
        raise ValueError(
            f"got positions of shape {positions.shape} and type {positions.dtype}: "
            "expected int64 of shape (n,)"
        )
    if len(positions) and positions.min() < 0:
        raise ValueError(f"got position {positions.min()}: expected 0 or more")
    return positions
