"""Numbers only: arrays in, (scores, positions) out. Knows nothing of documents, ids, or SQL.

- `dense/`: exact and compressed vector search (FAISS)
- `lexical/`: BM25, its engines and the formula
- `analysis/`: text → index terms: stems, stop words, CJK bigrams, codes and names
- `fusion.py`: several ranked lists → one

A position is a non-negative 64-bit integer that its owner never reuses. Scores are higher-is-better.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis.analyzer import ANALYSIS_VERSION, Analyzer, detect_language
    from .dense.index import DenseIndex
    from .fusion import FUSIONS, dbsf, fuse, minmax, rrf, zscore
    from .lexical.bm25 import K1, B
    from .lexical.contract import ENGINES, LexicalIndex, discard_lexical, open_lexical

_HOME = {
    "ANALYSIS_VERSION": "analysis.analyzer",
    "B": "lexical.bm25",
    "ENGINES": "lexical.contract",
    "FUSIONS": "fusion",
    "Analyzer": "analysis.analyzer",
    "DenseIndex": "dense.index",
    "K1": "lexical.bm25",
    "LexicalIndex": "lexical.contract",
    "dbsf": "fusion",
    "detect_language": "analysis.analyzer",
    "discard_lexical": "lexical.contract",
    "fuse": "fusion",
    "minmax": "fusion",
    "open_lexical": "lexical.contract",
    "rrf": "fusion",
    "zscore": "fusion",
}

__all__ = [
    "ANALYSIS_VERSION",
    "ENGINES",
    "FUSIONS",
    "K1",
    "Analyzer",
    "B",
    "DenseIndex",
    "LexicalIndex",
    "dbsf",
    "detect_language",
    "discard_lexical",
    "fuse",
    "minmax",
    "open_lexical",
    "rrf",
    "zscore",
]


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is asked for: numpy and FAISS take a tenth of a second."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __package__), name)
