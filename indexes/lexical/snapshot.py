"""What one tantivy searcher sees, scored by the statistics of the living documents alone.

tantivy counts deleted documents in N, df and the mean length until it merges their segments (and then
estimates the mean). So its scores would depend on the history of the index. Here they do not:

1. The living N and the living number of terms are read from the searcher, tantivy's own N and mean from
   its explanation of one score. Where they agree, its scores are right as they are.
2. Otherwise each query term is weighted by idf / idf' (true by tantivy's). The true df comes from the
   tombstones (`upkeep.py`) where there are as many as deleted documents, else from counting.
3. That leaves the mean length as the only error. Padding sets it right, so that it is rarely off; where it
   is, the candidates are scored anew from their stored terms, which is slow.
4. With a true mean avg and tantivy's avg', tf / (tf + K) ≤ max(1, avg / avg') · tf / (tf + K'), because
   K' / K ≤ max(1, avg / avg'). So no document below the candidates can beat one whose true score exceeds
   that factor times the last candidate's score; until k do, more candidates are fetched.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .bm25 import K1, SAME, B, idf, quantised, ranked
from .upkeep import GONE, GRAVE, OURS, PAD, State, Statistics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ranking = tuple[NDArray[np.float32], NDArray[np.int64]]

_SPARE = 16  # candidates beyond k, so that one round mostly does
_REMEMBERED = 50_000  # terms whose rarity is kept
_DEEPER = 4  # how many times more the next round fetches
_FILTER_COST = 4_000, 8  # a filter by m positions costs about as much as reading 4,000 + 8 m hits


class Snapshot:
    """An unchanging view of the index. Safe to search from several threads."""

    def __init__(self, searcher: Any, schema: Any) -> None:
        from tantivy import Query

        self._searcher = searcher
        self._schema = schema
        self._tombstones, paddings = self._alive(GRAVE), self._alive(PAD)
        self._documents: int = searcher.num_docs - self._tombstones - paddings
        total = searcher.aggregate(Query.all_query(), {"terms": {"sum": {"field": "length"}}})
        terms = self._length = int(total["terms"]["value"] or 0)
        self._mean = terms / self._documents if terms else 1.0
        self._counted: float = self._documents
        self._counted_mean: float = self._mean
        if terms:
            self._counted, self._counted_mean = self._statistics()
        self._drifted = abs(self._counted_mean / self._mean - 1) > SAME / 8
        self._rarities: dict[str, tuple[float, float]] = {}
        self._told = self._counted - searcher.num_docs == self._tombstones

    def __len__(self) -> int:
        return self._documents

    @property
    def segments(self) -> int:
        return int(self._searcher.num_segments)

    @property
    def living(self) -> Statistics:
        return Statistics(self._documents, self._length)

    @property
    def counted(self) -> Statistics:
        """As tantivy counts, with what was deleted and what makes up for it."""
        return Statistics(int(self._counted), round(self._counted * self._counted_mean))

    def state(self, sizes: Sequence[int]) -> State:
        """Of all segments, whose sizes are given."""
        right = self._told and not self._drifted and self._length > 0
        return State(sizes, self._documents, int(self._counted) - self._documents, right)

    def search(self, terms: Mapping[str, int], k: int, allowed: NDArray[np.int64] | None) -> Ranking:
        """The k best documents for terms (and how often each is asked for), among the allowed positions."""
        import numpy as np

        weights = self._weights(terms) if k > 0 and self._documents else {}
        if not weights or (allowed is not None and not len(allowed)):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        share = 1.0 if allowed is None else min(1.0, len(allowed) / self._documents)
        limit = int((k + 3 * k**0.5) / share) + _SPARE  # at random, that many hold k allowed ones
        while True:
            limit = min(limit, self._documents)
            filtered = allowed is not None and limit > _FILTER_COST[0] + _FILTER_COST[1] * len(allowed)
            raw, scores, positions = self._candidates(weights, limit, allowed, filtered)
            exhausted = len(raw) < limit or limit == self._documents
            scores, positions = ranked(scores, positions)
            # The k-th and all that equal it must be safe from what was not fetched.
            if exhausted or (len(scores) >= k and scores[k - 1] > self._reach(raw[-1])):
                return scores[:k], positions[:k]
            limit *= _DEEPER

    def texts(self, without: Collection[int]) -> Iterator[tuple[int, str]]:
        """The documents but some: position and terms, joined by spaces."""
        from tantivy import Query

        if not self._documents:
            return
        hits = self._searcher.search(Query.all_query(), self._searcher.num_docs, count=False).hits
        addresses = [address for _, address in hits]
        addresses.sort(key=lambda address: (address.segment_ord, address.doc))
        for position, address in zip(self._positions(addresses), addresses, strict=True):
            if position < OURS and position not in without:
                yield position, self.terms(address)

    def find(self, positions: Collection[int]) -> dict[int, Any]:
        """Addresses of the living documents at some of the positions."""
        from tantivy import Query

        held = [position for position in positions if self._searcher.doc_freq("position", position)]
        if not held:
            return {}
        query = Query.term_set_query(self._schema, "position", held)
        addresses = [address for _, address in self._searcher.search(query, len(held), count=False).hits]
        return dict(zip(self._positions(addresses), addresses, strict=True))

    def segment(self, number: int, size: int) -> tuple[dict[int, str], int]:
        """The living of a segment of `size` documents, by position, and the terms of all that it holds."""
        from tantivy import DocAddress

        addresses = [DocAddress(number, place) for place in range(size)]
        positions = self._positions(addresses)
        living = {(address.segment_ord, address.doc) for address in self.find(positions).values()}
        terms = [self.terms(address) for address in addresses]
        rows = zip(addresses, positions, terms, strict=True)
        return (
            {position: text for place, position, text in rows if (place.segment_ord, place.doc) in living},
            sum(map(length, terms)),
        )

    def lengths(self, addresses: Sequence[Any]) -> int:
        """The terms of these documents together."""
        return sum(self._searcher.fast_field_values("length", list(addresses)))

    def terms(self, address: Any) -> str:
        return str(self._searcher.doc(address).get_first("tokens") or "")

    def _positions(self, addresses: list[Any]) -> list[int]:
        positions: list[int] = self._searcher.fast_field_values("position", addresses)
        return positions

    def _alive(self, term: str) -> int:
        """Living documents with a term."""
        if not self._searcher.doc_freq("tokens", term):
            return 0
        return int(self._searcher.search(self._query(term), 1, count=True).count)

    def _statistics(self) -> tuple[float, float]:
        """N and the mean length as tantivy counts them."""
        from tantivy import FieldType, Query

        some = Query.range_query(self._schema, "length", FieldType.Unsigned, lower_bound=1, upper_bound=None)
        address = self._searcher.search(some, 1, count=False).hits[0][1]
        query = Query.term_query(self._schema, "tokens", self.terms(address).split(" ", 1)[0], "freq")
        values: dict[str, float] = {}
        _collect(json.loads(query.explain(self._searcher, address).to_json()), values)
        return values["N"], values["avgdl"]

    def _weights(self, terms: Mapping[str, int]) -> dict[str, tuple[float, float]]:
        """Term → (weight for tantivy, weight in the true formula); terms that nothing contains left out."""
        if not self._drifted and self._counted == self._documents:
            return {term: (float(count), 0.0) for term, count in terms.items()}
        weights = {}
        for term, count in terms.items():
            if (rarity := self._rarities.get(term)) is None:
                if len(self._rarities) > _REMEMBERED:
                    self._rarities.clear()
                rarity = self._rarities[term] = self._rarity(term)
            if rarity[1]:
                weights[term] = (count * rarity[0], count * rarity[1] * (K1 + 1))
        return weights

    def _rarity(self, term: str) -> tuple[float, float]:
        """The true idf by tantivy's, and the true one; zeros where nothing living has the term."""
        found = self._searcher.doc_freq("tokens", term)
        alive = found - self._searcher.doc_freq("tokens", GONE + term) if self._told else self._alive(term)
        if alive <= 0:
            return 0.0, 0.0
        true = idf(self._documents, alive)
        return true / idf(self._counted, found), true

    def _candidates(
        self,
        weights: Mapping[str, tuple[float, float]],
        limit: int,
        allowed: NDArray[np.int64] | None,
        filtered: bool,
    ) -> tuple[NDArray[np.float32], NDArray[np.floating], NDArray[np.int64]]:
        """tantivy's scores of the best `limit`, and true scores and positions of those allowed."""
        import numpy as np
        from tantivy import Occur, Query

        query = Query.boolean_query(
            [(Occur.Should, self._query(term, weight)) for term, (weight, _) in weights.items()]
        )
        if filtered and allowed is not None:
            among = Query.term_set_query(self._schema, "position", allowed.tolist())
            query = Query.boolean_query(
                [(Occur.Must, Query.const_score_query(among, 0.0)), (Occur.Must, query)]
            )
        hits = self._searcher.search(query, limit, count=False).hits
        raw = np.array([score for score, _ in hits], dtype=np.float32)
        addresses = [address for _, address in hits]
        positions = np.array(self._searcher.fast_field_values("position", addresses), dtype=np.int64)
        kept = np.arange(len(hits))
        if allowed is not None and not filtered:
            kept = np.flatnonzero(np.isin(positions, allowed))
        scores = self._true_scores([addresses[i] for i in kept], weights) if self._drifted else raw[kept]
        return raw, scores, positions[kept]

    def _true_scores(
        self, addresses: list[Any], weights: Mapping[str, tuple[float, float]]
    ) -> NDArray[np.float64]:
        import numpy as np

        documents = [self.terms(address).split() for address in addresses]
        counts = np.array([[words.count(term) for term in weights] for words in documents], dtype=np.float64)
        counts = counts.reshape(len(documents), len(weights))
        lengths = quantised(np.array([len(words) for words in documents], dtype=np.int64))
        norms = K1 * (1 - B + B * lengths / self._mean)
        true = np.array([weight for _, weight in weights.values()])
        scores: NDArray[np.float64] = (true * counts / (counts + norms[:, None])).sum(axis=1)
        return scores

    def _reach(self, raw: float) -> float:
        """The best true score that a document can have to which tantivy gives at most `raw`."""
        factor = max(1.0, self._mean / self._counted_mean)
        return float(raw) * factor * (1 + 2 * SAME)

    def _query(self, term: str, weight: float = 1.0) -> Any:
        from tantivy import Query

        query = Query.term_query(self._schema, "tokens", term, "freq")
        return query if weight == 1.0 else Query.boost_query(query, weight)


def length(terms: str) -> int:
    """How many terms are joined here."""
    return terms.count(" ") + 1 if terms else 0


def _collect(explanation: Mapping[str, Any], values: dict[str, float]) -> None:
    """The numbers of an explanation by the symbol their description begins with ("N, total number …")."""
    values[explanation["description"].partition(",")[0]] = explanation["value"]
    for detail in explanation.get("details") or ():
        _collect(detail, values)
