"""The lexical leg on Milvus: BM25 by the server's function (2.5 or newer), or by sparse vectors (2.4).

Either indexes the terms of our own analysis, as words of hexadecimal digits. The function keeps the
statistics of words itself. A sparse vector holds the document half of BM25 (see `indexes/lexical/bm25.py`),
and the query holds the idf, from counts of the chunks that have a term; the mean length is then a constant,
since a vector that is stored does not change when other documents come. Milvus Lite has the function, but
counts by segment, so that scores would depend on a store's history: there it is sparse vectors by default.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from .filter import EVERYTHING

if TYPE_CHECKING:
    from .connection import Connection

K1, B = 1.2, 0.75
WORDS, SPARSE = "words", "sparse"
"""The words of a chunk, and the vectors of the leg."""
_MEAN_LENGTH = 100.0  # terms of a chunk, about
_FRESH = 60.0  # seconds for which counts of terms hold, unless this store writes

Terms = Callable[[str], Sequence[str]]


class Leg(Protocol):
    """How texts are indexed and asked for."""

    params: Mapping[str, Any]

    def indexed(self, text: str) -> dict[str, Any]:
        """The columns of a chunk's text."""
        ...

    def query(self, text: str) -> Any:
        """The query of a text; None where it can find nothing."""
        ...

    def changed(self) -> None:
        """Tells that this store has written."""
        ...


class NoLeg:
    """A server older than 2.4 has no sparse vectors."""

    params: Mapping[str, Any] = MappingProxyType({})

    def indexed(self, text: str) -> dict[str, Any]:
        return {}

    def query(self, text: str) -> None:
        return None

    def changed(self) -> None:
        pass


class FunctionLeg:
    """BM25 by the server's function."""

    params: Mapping[str, Any] = MappingProxyType({"metric_type": "BM25"})

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def indexed(self, text: str) -> dict[str, Any]:
        return {WORDS: " ".join(map(_word, self._terms(text)))}

    def query(self, text: str) -> str | None:
        return " ".join(map(_word, self._terms(text))) or None

    def changed(self) -> None:
        pass


class SparseLeg:
    """BM25 by sparse vectors, with the idf in the query."""

    params: Mapping[str, Any] = MappingProxyType({"metric_type": "IP"})

    def __init__(self, terms: Terms, connection: Connection) -> None:
        self._terms = terms
        self._connection = connection
        self._counts: Counter[str] = Counter()  # the empty word counts all chunks
        self._counted = 0.0
        self._turn = threading.Lock()

    def indexed(self, text: str) -> dict[str, Any]:
        terms = self._terms(text)
        norm = K1 * (1 - B + B * len(terms) / _MEAN_LENGTH)
        counts = Counter(map(_word, terms))
        # A chunk without terms has a vector too, in a dimension that no query has.
        weights = {_number(word): (K1 + 1) * count / (count + norm) for word, count in counts.items()}
        return {WORDS: list(counts), SPARSE: weights or {_NO_TERM: 1.0}}

    def query(self, text: str) -> dict[int, float] | None:
        counts = Counter(map(_word, self._terms(text)))
        with self._turn:
            if time.monotonic() - self._counted > _FRESH:
                self._counts, self._counted = Counter(), time.monotonic()
            if self._connection.lite and not self._counts:
                self._count_all()
            total = self._chunks("", EVERYTHING)
            weights = {}
            for word, count in counts.items():
                having = self._chunks(word, f'array_contains({WORDS}, "{word}")')
                if having:
                    idf = math.log(1 + (max(total - having, 0) + 0.5) / (having + 0.5))
                    weights[_number(word)] = count * idf
        return weights or None

    def changed(self) -> None:
        with self._turn:
            self._counts = Counter()

    def _count_all(self) -> None:
        """Lite reads every row for every count, and converts it: one look for all words is faster."""
        for row in self._connection.pages(self._connection.chunks, EVERYTHING, [WORDS]):
            self._counts.update(["", *row[WORDS]])

    def _chunks(self, word: str, chosen: str) -> int:
        """How many chunks have a word; those of all, for the empty word."""
        if word not in self._counts and not self._connection.lite:
            self._counts[word] = self._connection.count(self._connection.chunks, chosen)
        return self._counts[word]


_NO_TERM = 2**32 - 2


def _word(term: str) -> str:
    return hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()


def _number(word: str) -> int:
    """A dimension of sparse vectors, below 2³² - 2."""
    return int(word[:8], 16) % _NO_TERM
