"""A fixed set of vectors and their positions: scanned exactly, or by 1-bit codes. In memory or mapped.

Vectors are kept as half floats (error of a unit vector's score below 1e-3, measured 2e-4) and are the truth
of the segment; the codes (RaBitQ, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error
Bound for Approximate Nearest Neighbor Search") are derived from each stored vector alone, never from its
neighbours. That is why the way a set was split into segments, or edited into being, cannot be seen in what
a search returns. Every score comes from the same FAISS kernel, whichever way a row was found.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rag.errors import CorruptError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POSITION_BYTES = 8
_SUM_BYTES = 8
_VERIFY_BYTES = 8 << 20  # vectors that are summed at a time
_MULTIPLIER = 0x9E3779B97F4A7C15  # odd, so that no changed bit can vanish from a sum
_MASK_SHARE = 0.3  # from this share of live rows, masking each costs more than finding some dead ones


class Scanned(NamedTuple):
    """Slots of one segment, best first, with the value they were ranked by."""

    ranked_by: NDArray[np.float32]
    slots: NDArray[np.int64]


class Files(NamedTuple):
    """What a segment on disk consists of, as the manifest remembers it. `code_bytes` is 0 without codes.

    The last four are CRC-32: of what precedes the vectors in their file, and of the other files. The vectors
    themselves have one sum a row, in `sums`.
    """

    name: str
    rows: int
    vector_bytes: int
    code_bytes: int
    head_crc: int
    positions_crc: int
    sums_crc: int
    codes_crc: int

    def paths(self, folder: Path) -> dict[str, Path]:
        """The paths by kind: `vectors`, `positions`, `sums` and, where there are any, `codes`."""
        kinds = ("vectors", "positions", "sums", *(("codes",) if self.code_bytes else ()))
        return {kind: folder / f"{self.name}.{kind}" for kind in kinds}


class Segment:
    """Immutable rows. `positions` int64 (n,) ascending; `vectors` float16 (n, dim), a view of FAISS' memory.

    A slot is a row number of one segment, counted from 0.
    """

    def __init__(
        self,
        flat: Any,
        positions: NDArray[np.int64],
        stored_codes: NDArray[np.uint8] | None = None,
        files: Files | None = None,
        sums: NDArray[np.uint64] | None = None,
    ) -> None:
        self._flat = flat
        self._stored_codes = stored_codes
        self._sums = sums
        self._seen = None if sums is None else np.zeros(len(positions), bool)  # rows found as written
        self.positions = positions
        self.vectors: NDArray[np.float16] = _view(flat)
        self.files = files
        """Where the segment lies on disk; None while it lives in memory only."""

    def __len__(self) -> int:
        return len(self.positions)

    @classmethod
    def build(cls, positions: NDArray[np.int64], vectors: NDArray[np.float16]) -> Segment:
        """A segment in memory. Positions must ascend."""
        flat = _new_flat(vectors.shape[1])
        flat.add_sa_codes(np.ascontiguousarray(vectors).view(np.uint8))
        return cls(flat, positions)

    @classmethod
    def open(cls, folder: Path, files: Files, dim: int) -> Segment:
        """Map a segment's files. FileNotFoundError where one is missing, CorruptError where one is torn.

        Positions and sums are read and checked here; codes when they are first used, and each vector when it
        is first scored.
        """
        faiss = _faiss()
        paths = files.paths(folder)
        sizes = {
            "vectors": files.vector_bytes,
            "positions": files.rows * _POSITION_BYTES,
            "sums": files.rows * _SUM_BYTES,
            "codes": files.code_bytes,
        }
        for kind, path in paths.items():
            if (size := path.stat().st_size) != sizes[kind]:
                raise CorruptError(f"{path} has {size} bytes, expected {sizes[kind]}: rebuild the index")
        head = files.vector_bytes - files.rows * dim * 2
        if head < 0 or _head_crc(paths["vectors"], head) != files.head_crc:
            raise CorruptError(f"{paths['vectors']} does not match its checksum: rebuild the index")
        try:
            # Never add to this index: FAISS aborts the process when a mapped index grows.
            flat = faiss.read_index(str(paths["vectors"]), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            paths["vectors"].stat()  # FileNotFoundError where a writer has just replaced this generation
            raise CorruptError(f"{paths['vectors']} is not a vector file: rebuild the index") from error
        if not isinstance(flat, faiss.IndexScalarQuantizer) or (flat.d, flat.ntotal) != (dim, files.rows):
            raise CorruptError(f"{paths['vectors']} does not hold {files.rows} x {dim}: rebuild the index")
        positions = np.memmap(paths["positions"], dtype="<i8", mode="r", shape=(files.rows,))
        sums = np.memmap(paths["sums"], dtype="<u8", mode="r", shape=(files.rows,))
        for kind, values, crc in (
            ("positions", positions, files.positions_crc),
            ("sums", sums, files.sums_crc),
        ):
            _check(paths[kind], values, crc)
        # Mapped now, so that they survive the writer's clean-up; read at the first search that needs them.
        codes = np.memmap(paths["codes"], dtype=np.uint8, mode="r") if "codes" in paths else None
        return cls(flat, positions, codes, files, sums)

    def write(self, folder: Path, name: str, *, codes: bool) -> Files:
        """Write the segment's files and flush them to the disk."""
        faiss = _faiss()
        self.verify()
        vectors, positions, sums = (folder / f"{name}.{kind}" for kind in ("vectors", "positions", "sums"))
        faiss.write_index(self._flat, str(vectors))
        raw = np.ascontiguousarray(self.positions, dtype="<i8").tobytes()
        summed = _sums(self.vectors).astype("<u8").tobytes()
        positions.write_bytes(raw)
        sums.write_bytes(summed)
        written, code_bytes, codes_crc = [vectors, positions, sums], 0, 0
        if codes:
            written.append(folder / f"{name}.codes")
            serialised = faiss.serialize_index(self._codes)
            written[-1].write_bytes(serialised)
            code_bytes, codes_crc = len(serialised), zlib.crc32(serialised)
        for path in written:
            flush(path)
        size = vectors.stat().st_size
        head = _head_crc(vectors, size - self.vectors.nbytes)
        crcs = (zlib.crc32(raw), zlib.crc32(summed), codes_crc)
        return Files(name, len(self), size, code_bytes, head, *crcs)

    def verify(self, slots: NDArray[np.int64] | None = None) -> None:
        """Raises CorruptError where vectors (all, or those of some slots) are not what was written.

        Each row is summed once; 15 MB, which are 20,000 rows of 384 values, take 3 ms.
        """
        seen, sums = self._seen, self._sums
        if seen is None or sums is None:
            return
        if slots is None:
            step = max(1, _VERIFY_BYTES // max(1, self.vectors.shape[1] * 2))
            sound = all(
                np.array_equal(_sums(self.vectors[start : start + step]), sums[start : start + step])
                for start in range(0, len(self), step)
            )
        else:
            slots = slots[~seen[slots]]
            sound = not len(slots) or np.array_equal(_sums(self.vectors[slots]), sums[slots])
        if not sound:
            raise CorruptError(f"the vectors of {self.files} are not those written: rebuild the index")
        if slots is None:
            self._seen = None
        else:
            seen[slots] = True

    def rows(self, slots: NDArray[np.int64]) -> NDArray[np.float16]:
        """The vectors of some slots, float16 (len(slots), dim). CorruptError where one was damaged."""
        self.verify(slots)
        rows: NDArray[np.float16] = self.vectors[slots]
        return rows

    def slots_of(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The slots of those positions that the segment holds."""
        slots = np.searchsorted(self.positions, positions).clip(max=len(self) - 1)
        held: NDArray[np.bool_] = self.positions[slots] == positions
        return slots[held]

    def scan(self, query: NDArray[np.float32], n: int, live: NDArray[np.bool_] | None) -> Scanned:
        """The best n live slots by exact score: min(n, live rows) of them."""
        self.verify()
        if live is None or np.count_nonzero(live) >= _MASK_SHARE * len(live):
            return self._first_live(self._flat, query, n, live)
        faiss = _faiss()
        selector = faiss.IDSelectorBitmap(np.packbits(live, bitorder="little"))
        params = faiss.SearchParameters(sel=selector)
        scores, slots = self._flat.search(query[None, :], min(n, len(self)), params=params)
        held = slots[0] >= 0
        return Scanned(scores[0][held], slots[0][held])

    def scan_codes(self, query: NDArray[np.float32], n: int, live: NDArray[np.bool_] | None) -> Scanned:
        """The best n live slots by the codes' estimate: min(n, live rows) of them."""
        return self._first_live(self._codes, query, n, live)

    def _first_live(
        self, index: Any, query: NDArray[np.float32], n: int, live: NDArray[np.bool_] | None
    ) -> Scanned:
        """Search without a mask (the codes have none) for more rows until enough of them are live.

        Dead rows come in clusters, the chunks of an edited document, which no fixed surplus would cover.
        """
        count = len(self) if live is None else int(np.count_nonzero(live))
        wanted = min(n, count)
        fetch = wanted if live is None else min(len(self), 5 * n * len(self) // (4 * max(count, 1)) + 32)
        while wanted:
            ranked_by, slots = index.search(query[None, :], fetch)
            keep = slots[0] >= 0
            if live is not None:
                keep &= live[slots[0]]
            if np.count_nonzero(keep) >= wanted or fetch == len(self):
                return Scanned(ranked_by[0][keep][:wanted], slots[0][keep][:wanted])
            fetch = min(len(self), 4 * fetch)
        return Scanned(np.empty(0, np.float32), np.empty(0, np.int64))

    def score(self, query: NDArray[np.float32], slots: NDArray[np.int64]) -> NDArray[np.float32]:
        """Exact scores of some slots: the same numbers, to the last bit, that `scan` gives them."""
        if not len(slots):
            return np.empty(0, np.float32)
        few = _new_flat(len(query))
        few.add_sa_codes(self.rows(slots).view(np.uint8))
        scores, order = few.search(query[None, :], len(slots))
        out = np.empty(len(slots), np.float32)
        out[order[0]] = scores[0]
        return out

    @cached_property
    def _codes(self) -> Any:
        """The 1-bit codes: read from their file, or made from the vectors."""
        faiss = _faiss()
        if self._stored_codes is not None and self.files is not None:
            _check(Path(f"{self.files.name}.codes"), self._stored_codes, self.files.codes_crc)
            try:
                codes = faiss.deserialize_index(self._stored_codes)
            except RuntimeError as error:
                raise CorruptError(f"the codes of {self.files} cannot be read: rebuild the index") from error
            if (codes.d, codes.ntotal) != (self._flat.d, len(self)):
                raise CorruptError(f"the codes of {self.files} are another segment's: rebuild the index")
            return codes
        self.verify()
        codes = faiss.IndexRaBitQFastScan(self._flat.d, faiss.METRIC_INNER_PRODUCT)
        # A fixed centre instead of the mean: a code then depends on its own vector and on nothing else.
        faiss.copy_array_to_vector(np.zeros(self._flat.d, np.float32), codes.center)
        codes.is_trained = True
        for start in range(0, len(self), 16384):
            codes.add(self.vectors[start : start + 16384].astype(np.float32))
        return codes


@contextmanager
def one_thread() -> Iterator[None]:
    """Run the FAISS calls of this thread on it alone.

    FAISS would start a team of OpenMP threads even for one query, of which it uses one; where another
    process keeps a core busy, waiting for the others took 20 ms of a search of 0.4. The setting is the
    calling thread's own.
    """
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def flush(path: Path) -> None:
    """Make a file or a folder's entries durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check(path: Path, values: NDArray[Any], crc: int) -> None:
    if zlib.crc32(values.data) != crc:
        raise CorruptError(f"{path} does not match its checksum: rebuild the index")


def _head_crc(path: Path, size: int) -> int:
    """The checksum of the first `size` bytes, in which FAISS says what the rest is."""
    with path.open("rb") as file:
        return zlib.crc32(file.read(size))


@cache
def _weights(count: int) -> NDArray[np.uint64]:
    powers: NDArray[np.uint64] = np.cumprod(np.full(count, _MULTIPLIER, np.uint64), dtype=np.uint64)
    return powers


def _sums(vectors: NDArray[np.float16]) -> NDArray[np.uint64]:
    """One number a row, uint64 (n,): its words times fixed odd numbers, so that no changed word is missed."""
    word = np.uint64 if vectors.shape[1] % 4 == 0 else np.uint16
    words = np.ascontiguousarray(vectors).view(word).astype(np.uint64, copy=False)
    summed: NDArray[np.uint64] = words @ _weights(words.shape[1])
    return summed


def _faiss() -> Any:
    """FAISS, imported at the first use: it takes 46 ms."""
    import faiss

    return faiss


def _new_flat(dim: int) -> Any:
    faiss = _faiss()
    return faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def _view(flat: Any) -> NDArray[np.float16]:
    """The rows inside a FAISS index, float16 (n, dim), without a copy. Valid while the index lives."""
    raw: NDArray[np.uint8] = _faiss().rev_swig_ptr(flat.codes.data(), flat.codes.size())
    view = raw.view(np.float16).reshape(-1, flat.d)
    view.flags.writeable = False
    return view
