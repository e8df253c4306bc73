"""How well a sentence answers a question: a logistic model over embedding and lexical evidence.

For a question q and a sentence s of a chunk c, with a weight for each feature:

    cosine            cos(q, s), the sentence read under its chunk's headings
    cover_sentence    share of q's terms that s has, each term weighted by how rare it is among the hits
    cover_chunk       the same for c and its headings
    kind              1 where q asks for a number, a time or a name and s has one that q has not
    rank              1 / rank of the hit

Stages that weigh many sentences use it, since it reads nothing; the answer itself is chosen by `choice.py`.
The weights were fitted by `benchmarks/fit_evidence.py`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag.embedding import Embedder
from rag.text.questions import kind_of
from rag.types import Hit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEATURES = ("cosine", "cover_sentence", "cover_chunk", "kind", "rank")
WEIGHTS = (4.22, 3.763, 0.312, 0.356, 3.594)
BIAS = -9.128


class Candidate(NamedTuple):
    """A sentence of the hit at `place`: `hit.chunk.text[start:end]`."""

    place: int
    start: int
    end: int
    hit: Hit

    @property
    def text(self) -> str:
        return self.hit.chunk.text[self.start : self.end]


class Evidence:
    """Scores candidates; keeps no state but the parts it works with."""

    def __init__(self, embedder: Embedder, language: str = "english") -> None:
        from rag.indexes import Analyzer

        self._embedder, self._analyze = embedder, Analyzer(language).analyze

    def scores(self, question: str, candidates: Sequence[Candidate]) -> list[float]:
        """The probability for each candidate (0 to 1) that it answers the question."""
        import numpy as np

        logits = self.features(question, candidates) @ np.array(WEIGHTS) + BIAS
        return [1 / (1 + math.exp(-logit)) for logit in logits.tolist()]

    def features(self, question: str, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
        """One row a candidate, one column for each of `FEATURES`."""
        import numpy as np

        chunks = {candidate.place: candidate.hit.chunk for candidate in candidates}
        asked = self._embedder.embed([question], "query")[0]
        texts = [f"{candidate.hit.chunk.context}\n{candidate.text}".strip() for candidate in candidates]
        near = self._embedder.embed(texts, "document") @ asked
        terms = {place: set(self._analyze(chunk.indexed_text)) for place, chunk in chunks.items()}
        weights = _rarity(set(self._analyze(question)), list(terms.values()))
        rows = [
            (
                float(cosine),
                _cover(weights, set(self._analyze(candidate.text))),
                _cover(weights, terms[candidate.place]),
                _kind(question, candidate.text),
                1 / (1 + candidate.place),
            )
            for candidate, cosine in zip(candidates, near.tolist(), strict=True)
        ]
        return np.array(rows, np.float64)


def _rarity(terms: set[str], texts: Sequence[set[str]]) -> dict[str, float]:
    """idf among the hits: ln(1 + (N - n + 0.5) / (n + 0.5)) for a term in n of N texts."""
    count = Counter(term for text in texts for term in text & terms)
    return {term: math.log(1 + (len(texts) - count[term] + 0.5) / (count[term] + 0.5)) for term in terms}


def _cover(weights: dict[str, float], terms: set[str]) -> float:
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in terms) / total if total else 0.0


def _kind(question: str, sentence: str) -> float:
    """1 where the question asks for a number, a time or a name, and the sentence adds one."""
    known = set(re.findall(r"\w+", question.lower()))
    kind = kind_of(question)
    if kind in ("number", "time"):
        return float(any(number not in known for number in re.findall(r"\d+", sentence)))
    if kind == "name":
        names = re.findall(r"(?<![.!?]\s)(?<!^)\b[^\W\d_a-z]\w+", sentence)
        return float(any(name.lower() not in known for name in names))
    return 0.0
