"""BM25 in memory (the rank-bm25 package), for small corpora: every query scores every document.

One file keeps it: `lexical.jsonl`, the manifest in its first line, then one document a line. Each update
replaces the file as a whole, which is the commit; opening reads it back. k1 and b are free.

The package's own idf falls below zero for terms in more than half of the documents and is then replaced
by a quarter of the mean idf, which is itself negative in tiny corpora. So the idf is set to Lucene's
here, the same as tantivy's; what remains different is that lengths are exact.
"""

from __future__ import annotations

import json
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import CorruptError, LockedError, StoreError

from ..analysis.analyzer import Analyzer
from .bm25 import K1, B, checked, idf, ranked
from .manifest import Manifest, write_atomically

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "lexical.jsonl"


class RankBM25Index:
    """A `LexicalIndex` in one file. The writer's lock is taken by the first change and held until `close`."""

    def __init__(self, folder: Path, manifest: Manifest, analyzer: Analyzer) -> None:
        from filelock import FileLock

        self._path = folder / NAME
        self._manifest = manifest
        self._analyzer = analyzer
        self._terms: dict[int, list[str]] = {}
        self._model: tuple[Any, NDArray[np.int64]] | None = None
        self._read: tuple[int, int] | None = None  # inode and time of the file last read
        self._lock = FileLock(folder / "lexical.lock", timeout=0)

    @classmethod
    def open(cls, folder: Path, language: str, *, k1: float = K1, b: float = B) -> RankBM25Index:
        """See `open_lexical`."""
        index = cls(folder, Manifest("rank-bm25", language, k1, b), Analyzer(language))
        folder.mkdir(parents=True, exist_ok=True)
        others = [path.name for path in folder.iterdir() if not path.name.startswith("lexical.")]
        if index._path.exists():
            index.refresh()
        elif others or (folder / "lexical.json").exists():
            raise CorruptError(
                f"{folder} holds no {NAME} but other files ({', '.join(others[:3])}). "
                "Rebuild the index from its documents, or open it with the engine it was made with."
            )
        else:
            write_atomically(index._path, index._manifest.line() + "\n")
            index.refresh()
        return index

    @property
    def stamp(self) -> int:
        return self._manifest.stamp

    def __len__(self) -> int:
        return len(self._terms)

    def search(
        self, text: str, k: int, allowed: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        import numpy as np

        terms = self._analyzer.analyze(text)
        if k < 1 or not terms or not any(self._terms.values()):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        model, positions = self._fitted()
        scores = np.asarray(model.get_scores(terms), dtype=np.float64)
        matching = scores > 0
        if allowed is not None:
            matching &= np.isin(positions, allowed)
        best, where = ranked(scores[matching], positions[matching])
        return best[:k], where[:k]

    def update(self, removed: Sequence[int], added: Sequence[tuple[int, str]], stamp: int) -> None:
        texts = checked(removed, added)
        with self._writing():
            gone = {*removed, *texts}
            terms = {position: words for position, words in self._terms.items() if position not in gone}
            terms |= {position: self._analyzer.analyze(text) for position, text in texts.items()}
            self._commit(dict(sorted(terms.items())), stamp)

    def refresh(self) -> None:
        try:
            with self._path.open(encoding="utf-8") as file:
                self._adopt(file)
        except (OSError, UnicodeDecodeError, ValueError, TypeError) as error:
            raise CorruptError(
                f"{self._path} cannot be read ({error}). Rebuild the index from its documents."
            ) from error

    def clear(self) -> None:
        with self._writing():
            self._commit({}, 0)

    def close(self) -> None:
        self._lock.release()

    def _adopt(self, file: Any) -> None:
        status = os.fstat(file.fileno())
        if self._read == (status.st_ino, status.st_mtime_ns):
            return
        manifest = Manifest.parse(file.readline(), self._path)
        manifest.check(self._manifest, self._path)
        body = file.read()
        if zlib.crc32(body.encode()) != manifest.files.get(NAME, 0):
            raise CorruptError(
                f"{self._path} does not match its checksum. Rebuild the index from its documents."
            )
        terms = {
            int(position): list(words) for position, words in map(json.loads, filter(None, body.split("\n")))
        }
        if len(terms) != manifest.commit:
            raise CorruptError(
                f"{self._path} ends after {len(terms)} of {manifest.commit} documents. "
                "Rebuild the index from its documents."
            )
        self._terms, self._manifest, self._model = terms, manifest, None
        self._read = (status.st_ino, status.st_mtime_ns)

    def _commit(self, terms: dict[int, list[str]], stamp: int) -> None:
        # `commit` counts the documents that follow, so that a cut file is noticed.
        body = "".join(json.dumps(entry) + "\n" for entry in terms.items())
        files = {NAME: zlib.crc32(body.encode())}
        manifest = replace(self._manifest, stamp=stamp, commit=len(terms), files=files)
        write_atomically(self._path, manifest.line() + "\n" + body)
        self._terms, self._manifest, self._model, self._read = terms, manifest, None, None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        from filelock import Timeout

        try:
            if not self._lock.is_locked:
                self._lock.acquire()
                self.refresh()  # another process may have written since
            yield
        except Timeout as error:
            raise LockedError(
                f"another writer holds {self._path}. Wait until it is closed, then try again."
            ) from error
        except OSError as error:
            raise StoreError(
                f"{self._path} could not be written: {error}. "
                "Free disk space or check permissions, then repeat the update."
            ) from error

    def _fitted(self) -> tuple[Any, NDArray[np.int64]]:
        """The package's model of the current documents, made when the first query after a change asks."""
        if self._model is None:
            import numpy as np
            from rank_bm25 import BM25Okapi

            model = BM25Okapi(list(self._terms.values()), k1=self._manifest.k1, b=self._manifest.b)
            frequencies = Counter(term for counts in model.doc_freqs for term in counts)
            total = len(self._terms)
            model.idf = {term: idf(total, frequency) for term, frequency in frequencies.items()}
            self._model = model, np.fromiter(self._terms, np.int64, total)
        return self._model


def opened(folder: Path, language: str, *, k1: float = K1, b: float = B) -> RankBM25Index:
    """See `open_lexical`."""
    return RankBM25Index.open(folder, language, k1=k1, b=b)
