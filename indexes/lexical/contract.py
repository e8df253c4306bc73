"""BM25 over texts under positions: incremental, durable, and any edits score like an index built anew.

- `tantivy.py`: the default engine, on disk; `snapshot.py`: what its readers keep seeing
- `rank_bm25.py`: scores every text for every query; for small corpora, and the oracle of the tests
- `bm25.py`: the formula; `manifest.py`: what an index on disk was made with

Both engines take their terms from `indexes/analysis/` and score on the same scale. A PostgreSQL, Qdrant or
Milvus store has the same formula on its server instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rag import lookup
from rag.errors import ConfigError

from .bm25 import K1, B

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ENGINES = {
    "tantivy": ".tantivy:opened",
    "rank-bm25": ".rank_bm25:opened",
}
"""Name in the settings → what opens the engine: `(folder, language, k1=…, b=…) -> LexicalIndex`."""


@runtime_checkable
class LexicalIndex(Protocol):
    """Texts by position, found by their words. One writer; readers keep what they saw until `refresh`.

    Every method raises CorruptError when the files are torn or foreign; the owner then calls
    `discard_lexical` and builds the index anew.
    """

    @property
    def stamp(self) -> int:
        """The last change that the data surely holds (0: none). It may hold later ones, never fewer."""
        ...

    def __len__(self) -> int: ...

    def update(self, removed: Sequence[int], added: Sequence[tuple[int, str]], stamp: int) -> None:
        """Remove positions, then add texts, and remember `stamp`: all in one durable commit, or nothing.

        A position that is there already is replaced, one that is not is not missed: to repeat an update
        is harmless. Raises LockedError while another process or object writes, StoreError when the disk
        does not take it.
        """
        ...

    def search(
        self, text: str, k: int, allowed: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The k best matches: scores (m,) and positions (m,), m ≤ k, by falling score, then position.

        Only texts that share a term with the query match. `allowed` restricts the search to these
        positions; the scores stay the same.
        """
        ...

    def refresh(self) -> None:
        """See what other processes have committed."""
        ...

    def clear(self) -> None:
        """Forget everything; the stamp is 0 again."""
        ...

    def close(self) -> None:
        """Let go of files and the writer's lock. To close twice is harmless."""
        ...


def open_lexical(
    folder: Path, language: str, *, engine: str = "tantivy", k1: float = K1, b: float = B
) -> LexicalIndex:
    """Open the index in a folder, or begin an empty one there.

    `language` as `Analyzer` takes it; `k1` (≥ 0) and `b` (0 to 1) as in BM25. Raises ConfigError for
    settings that cannot be, CorruptError when the folder holds something else.
    """
    opened = lookup.find("lexical", engine, ENGINES, __package__)
    if not (k1 >= 0 and 0 <= b <= 1):
        raise ConfigError(f"BM25 cannot use k1={k1}, b={b}; expected k1 ≥ 0 and b from 0 to 1.")
    index: LexicalIndex = opened(folder, language, k1=k1, b=b)
    return index


def discard_lexical(folder: Path) -> None:
    """Delete the files of an index that cannot be used, whatever engine made them; the folder stays."""
    if folder.is_dir():
        for path in folder.iterdir():
            if not path.is_dir():
                path.unlink()
