"""The lexical leg on Qdrant: BM25 by the server's text index, or by sparse vectors on an older server.

Either indexes the terms of our own analysis. The text index splits at what is no letter or digit, so every
term goes in as a word of hexadecimal digits. A sparse vector holds the document half of BM25 (see
`indexes/lexical/bm25.py`), and the server multiplies by the idf; the mean length is then a constant, since a
vector that is stored does not change when other documents come.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from qdrant_client import models

WORDS = "terms"
"""The payload field with the words, or the name of the sparse vector."""

_K1, _B = 1.2, 0.75
_MEAN_LENGTH = 100.0  # terms of a chunk, about

Terms = Callable[[str], Sequence[str]]


class Leg(Protocol):
    """How texts are indexed and asked for."""

    def indexed(self, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a chunk's text adds to its payload, and to its vectors."""
        ...

    def query(self, text: str) -> Any:
        """The query of a text; None where it has no terms."""
        ...


class TextLeg:
    """BM25 by the text index. A term that a query repeats counts once."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def indexed(self, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        return {WORDS: self._words(text)}, {}

    def query(self, text: str) -> models.TextQuery | None:
        from qdrant_client import models

        words = self._words(text)
        return models.TextQuery(text=words) if words else None

    def _words(self, text: str) -> str:
        return " ".join(_hashed(term).hex() for term in self._terms(text))


class SparseLeg:
    """BM25 by sparse vectors, whose idf the server multiplies in."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def indexed(self, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        from qdrant_client import models

        terms = self._terms(text)
        norm = _K1 * (1 - _B + _B * len(terms) / _MEAN_LENGTH)
        counts = Counter(map(_number, terms))
        weights = [(_K1 + 1) * count / (count + norm) for count in counts.values()]
        return {}, {WORDS: models.SparseVector(indices=list(counts), values=weights)} if counts else {}

    def query(self, text: str) -> models.SparseVector | None:
        from qdrant_client import models

        counts = Counter(map(_number, self._terms(text)))
        values = [float(count) for count in counts.values()]
        return models.SparseVector(indices=list(counts), values=values) if counts else None


def _hashed(term: str) -> bytes:
    return hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _number(term: str) -> int:
    return int.from_bytes(_hashed(term)[:4], "big")
