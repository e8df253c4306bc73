"""Which unit of the hits answers a question: a logistic model over what words, vectors and the reader say.

For a question q and a unit u (a sentence, an item, a row) of a chunk c, with a weight for each feature:

    cosine      cos(q, u), the unit read under the headings above it
    cover       share of q's terms that the unit and its headings have, each weighted by how rare it is
    own         the same for the unit alone
    chunk       the same for the chunk
    keys        share of q's names, numbers and codes that stand neither in u, nor before it in its paragraph,
                nor above it
    absent      share of them that stand in none of the hits of u's document, nor in its name
    kind        1 where q asks for a number, a time or a name and u has one that q has not, or for a reason
                and u gives one
    measure     where q asks for a weight, an age, a price or the like, 1 if u has its unit, -1 if not
    row         1 for a row of a table
    column      cos(q or a word of it, the name of the column that answers), in a row; 0.7 where q names it
    ahead       by how much that is above the mean over the row's other columns
    heading     1 for a heading
    asked       cos(q, the heading above u) where that is a question, or else 0
    read        the reader's logit that c answers q
    inside      the probability of the answers that the reader finds in c and that lie in u
    alone       its logit that u, read alone under its headings, answers q
    span        the probability of the best answer that it finds in u alone
    agree       ln(1 + other documents in which a unit has the same answer)
    search      c's score in the search, less that of the best hit

Whether the best unit is right is a second model (`certainty`) over its features, its own logit, by how much
that is above the next unit's, and the highest of `read`, `alone` and `cosine` among all units. Units of hits
that a stage doubts more than the best one's count for none of this: what was planted to be found reads well,
and would refuse the answer that it cannot give.

The order of the hits is no feature: a unit is judged by what it says. The weights were fitted by
`benchmarks/fit_choice.py` among the units of each question, on questions that the reader was not trained on.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag.embedding import Embedder
from rag.text.glosses import in_english
from rag.text.quantities import quantity_of
from rag.text.questions import header_asked_of, kind_of
from rag.types import DOUBTED, Hit

from . import Passage, Reader, Reading, Span, passage_of
from .cells import ahead, best_cell, cell_text, column_cosines, column_of, measured
from .coverage import BestCoverage, Coverage
from .kinds import CURRENCY, NUMBER, added_kind
from .pooled import trimmed
from .units import Unit, units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEIGHTS = {
    "cosine": 4.802,
    "cover": 0.82,
    "own": 0.335,
    "chunk": 0.365,
    "keys": -0.602,
    "absent": -0.504,
    "kind": 0.8,
    "measure": 0.579,
    "row": 0.341,
    "column": 0.667,
    "ahead": -0.72,
    "heading": 0.636,
    "asked": -0.317,
    "read": -0.059,
    "inside": 1.551,
    "alone": 0.413,
    "span": 0.07,
    "agree": 0.59,
    "search": 0.627,
}
FEATURES = tuple(WEIGHTS)
BIAS = -5.053

CERTAIN_WEIGHTS = {
    "cosine": 0.603,
    "cover": -0.063,
    "own": -1.83,
    "chunk": 1.694,
    "keys": -0.526,
    "absent": 0.181,
    "kind": -0.287,
    "measure": 0.379,
    "row": -1.37,
    "column": 0.337,
    "ahead": 0.984,
    "heading": 0.235,
    "asked": -0.438,
    "read": 0.338,
    "inside": -1.204,
    "alone": 0.088,
    "span": 0.349,
    "agree": -0.507,
    "search": 0.113,
    "logit": 0.35,
    "lead": 0.742,
    "most read": -0.323,
    "most alone": 0.021,
    "most cosine": -0.348,
}
CERTAIN_BIAS = -0.091

DOUBT = 6.0  # what a unit's logit loses where a stage doubts its hit, and another may answer
PLAUSIBLE = 0.1  # the probability from which another may
EMBEDDED = 20  # units whose vectors are compared
READ = 12  # units that are read alone
_SAME = 0.5  # the same of a word that is taken for it
_EDGES = " \t\n.,;:!?\"'“”‘’()[]|"


class Judged(NamedTuple):
    """A unit, the probability that it answers (0 to 1), and the characters of its chunk that answer.

    `doubt` is how much a stage doubts its hit, from 0 to 1.
    """

    unit: Unit
    probability: float
    span: tuple[int, int] | None
    features: tuple[float, ...]
    doubt: float = 0.0


def certainty(judged: Sequence[Judged]) -> float:
    """The probability (0 to 1) that the best of the units answers the question; 0 where there are none."""
    if not judged:
        return 0.0
    return _chance(_weighed(CERTAIN_WEIGHTS, certain_features(judged)) + CERTAIN_BIAS)


def certain_features(judged: Sequence[Judged]) -> tuple[float, ...]:
    """What `certainty` weighs: the best unit's `FEATURES`, its logit, its lead, and three maxima."""
    heard = [candidate for candidate in judged if candidate.doubt <= judged[0].doubt]
    logits = [_logit(candidate.probability) for candidate in heard[:2]]
    lead = logits[0] - logits[1] if len(logits) > 1 else 0.0
    maxima = [
        max(candidate.features[FEATURES.index(name)] for candidate in heard)
        for name in ("read", "alone", "cosine")
    ]
    return (*judged[0].features, logits[0], lead, *maxima)


def _weighed(weights: Mapping[str, float], values: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(weights.values(), values, strict=True))


def _chance(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, logit))))


def _logit(probability: float) -> float:
    clear = min(1 - 1e-6, max(1e-6, probability))
    return math.log(clear / (1 - clear))


class Choice:
    """Judges the units of hits; keeps no state but the parts it works with."""

    def __init__(self, embedder: Embedder, reader: Reader, language: str = "english") -> None:
        from rag.indexes import Analyzer

        self._embedder, self._reader = embedder, reader
        self.analyze = Analyzer(language).analyze
        self.english = language == "english"

    def terms(self, question: str) -> set[str]:
        """The terms of a question."""
        return set(self.analyze(question))

    def near(self, question: str, texts: Sequence[str]) -> list[float]:
        """The cosine of each text with a question."""
        vector = self._embedder.embed([question], "query")[0]
        return [float(cosine) for cosine in self.vectors(texts) @ vector]

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The unit vectors of texts, one row each."""
        return self._embedder.embed(texts, "document")

    def explained(self, question: str, terms: frozenset[str], names: Sequence[str]) -> set[str]:
        """Those of a question's terms whose word may mean the same as one of the names (`ship`: Vessel)."""
        words = [word for word in re.findall(r"[\w-]+", question) if terms & set(self.analyze(word))]
        if not words or not any(names):
            return set()
        vectors = self._embedder.embed([name for name in names if name], "document")
        near = (self._embedder.embed(words, "query") @ vectors.T).max(axis=1)
        return {
            term
            for word, cosine in zip(words, near.tolist(), strict=True)
            if cosine >= _SAME
            for term in self.analyze(word)
        }

    def judged(
        self, question: str, hits: Sequence[Hit], headings: Sequence[Unit] = (), typed: str = ""
    ) -> list[Judged]:
        """The units that were read, best first; `headings` are units besides those of the hits' texts.

        `typed` is the question in its own language, where `question` is its gloss.
        """
        made, rows, spans = self.features(question, hits, headings, typed)
        doubts = [hits[unit.place].scores.get(DOUBTED, 0.0) for unit in made]
        logits = [_weighed(WEIGHTS, row) + BIAS for row in rows.tolist()]
        least = min(
            (d for d, logit in zip(doubts, logits, strict=True) if _chance(logit) >= PLAUSIBLE), default=1.0
        )
        judged = []
        for unit, row, span, doubt, logit in zip(made, rows.tolist(), spans, doubts, logits, strict=True):
            chance = _chance(logit - DOUBT * max(0.0, doubt - least))
            judged.append(Judged(unit, chance, span, tuple(row), doubt))
        return sorted(
            judged, key=lambda candidate: (-candidate.probability, candidate.unit.place, candidate.unit.start)
        )

    def features(
        self, question: str, hits: Sequence[Hit], headings: Sequence[Unit] = (), typed: str = ""
    ) -> tuple[list[Unit], NDArray[np.float64], list[tuple[int, int] | None]]:
        """The units that are read, a row of `FEATURES` for each, and the best answer within each.

        A heading that has no word of the question is not among them.
        """
        import numpy as np

        every = self._units(question, hits, headings)
        if not every:
            return [], np.zeros((0, len(FEATURES))), []
        words = Coverage(question, every, hits, self.analyze)
        if typed and typed != question:
            words = BestCoverage(words, Coverage(typed, every, hits, self.analyze))
        vector = self._embedder.embed([question], "query")[0]
        readings = self._reader.read(question, [passage_of(hit) for hit in hits])
        inside = _pooled(every, [self._inside(unit, readings) for unit in every])
        kept, near = self._promising(every, words, inside, vector)
        read = [every[at] for at in kept]
        alone = self._reader.read(question, [Passage(unit.above, unit.view) for unit in read])
        columns = column_cosines(read, question, vector, self._embedder, self.analyze)
        headed = self._asked(read, vector)
        wanted = in_english(question)
        measure = quantity_of(wanted)
        spans = [
            best_cell(unit, own, columns, question, measure, self.analyze)
            if unit.kind == "row"
            else self._span(unit, own, readings[unit.place], question)
            for unit, own in zip(read, alone, strict=True)
        ]
        agree = _agreement(read, spans, hits)
        best = max(hit.score for hit in hits)
        rows = []
        for place, (at, unit, reading, span) in enumerate(zip(kept, read, alone, spans, strict=True)):
            cell = _words(unit.said(*span)) if span else ""
            said = in_english(cell if unit.kind == "row" else unit.view)
            rows.append(
                (
                    near[at],
                    words.cover[at],
                    words.own(at),
                    words.chunk(at),
                    words.keys(at),
                    words.absent(at),
                    1.0 if unit.is_header else added_kind(wanted, said),
                    measured(measure, in_english(cell_text(unit, span))),
                    float(unit.kind == "row"),
                    columns.get(column_of(unit, span), 0.0),
                    ahead(unit, column_of(unit, span), columns),
                    float(unit.kind == "heading"),
                    headed.get(unit.question, 0.0),
                    readings[unit.place].logit,
                    inside[at],
                    reading.logit,
                    reading.spans[0].probability if reading.spans else 0.0,
                    agree[place],
                    hits[unit.place].score - best,
                )
            )
        return read, np.array(rows, np.float64), spans

    def _units(self, question: str, hits: Sequence[Hit], headings: Sequence[Unit]) -> list[Unit]:
        """All units that may answer, those of the hits first."""
        asked = self.terms(question)
        every = [*(unit for place, hit in enumerate(hits) for unit in units(place, hit)), *headings]
        if not header_asked_of(question):
            every = [unit for unit in every if not unit.is_header]
        return [unit for unit in every if unit.kind != "heading" or asked & set(self.analyze(unit.view))]

    def _promising(
        self, every: Sequence[Unit], words: Coverage, inside: Sequence[float], vector: NDArray[np.float32]
    ) -> tuple[list[int], dict[int, float]]:
        """The places of `READ` units by words, reading and vector, and the cosines of those compared."""
        order = sorted(range(len(every)), key=lambda at: -(words.cover[at] + inside[at]))
        kept = [at for at in order if words.says_more(at)] or order
        shown = [f"{every[at].above}\n{every[at].view}".strip() for at in kept[:EMBEDDED]]
        near = dict(zip(kept, (self._embedder.embed(shown, "document") @ vector).tolist(), strict=False))
        kept = sorted(near, key=lambda at: -(words.cover[at] + inside[at] + 1.5 * near[at]))
        return kept[:READ], near

    def _asked(self, read: Sequence[Unit], vector: NDArray[np.float32]) -> dict[str, float]:
        """The cosine of each question that is a heading."""
        questions = sorted({unit.question for unit in read} - {""})
        if not questions:
            return {}
        near = (self._embedder.embed(questions, "query") @ vector).tolist()
        return dict(zip(questions, near, strict=True))

    @staticmethod
    def _inside(unit: Unit, readings: Sequence[Reading]) -> float:
        spans = readings[unit.place].spans
        return min(
            1.0, sum(span.probability for span in spans if unit.start < span.end and span.start < unit.end)
        )

    @staticmethod
    def _span(unit: Unit, alone: Reading, whole: Reading, question: str) -> tuple[int, int] | None:
        """The best answer in the unit: what is found in it alone, weighed with what is found in its chunk.

        Where a number is asked for, one that has a number goes before one that has none.
        """
        scored: dict[tuple[int, int], float] = defaultdict(float)
        for span in alone.spans:
            start, end = trimmed(unit.view, span)
            place = unit.located(start, end)
            if place:
                scored[place] += span.probability
        for span in whole.spans:
            if unit.kind in ("sentence", "item", "setting"):
                start, end = max(span.start, unit.pieces[0][2]), min(span.end, unit.end)
                if start < end:
                    begin = unit.pieces[0][2]
                    first, last = trimmed(unit.view, Span(start - begin, end - begin, 1.0))
                    scored[first + begin, last + begin] += span.probability
        usable = {place: value for place, value in scored.items() if place[0] < place[1]}
        number = kind_of(question) == "number"
        if number and not any(NUMBER.search(unit.said(*place)) for place in usable):
            known = _words(question).split()
            new = [match for match in NUMBER.finditer(unit.view) if match[0].lower() not in known]
            places = [unit.located(*match.span()) for match in new[:1]]
            usable |= {place: 0.0 for place in places if place}
        if not usable:
            return None
        start, end = max(
            usable,
            key=lambda place: (number and bool(NUMBER.search(unit.said(*place))), usable[place]),
        )
        more = CURRENCY.match(unit.said(end, unit.end)) if number else None
        return start, end + more.end() if more else end


def _agreement(
    read: Sequence[Unit], spans: Sequence[tuple[int, int] | None], hits: Sequence[Hit]
) -> list[float]:
    """For each unit ln(1 + other documents in which a unit has the same answer)."""
    said = [_words(unit.said(*span)) if span else "" for unit, span in zip(read, spans, strict=True)]
    documents: dict[str, set[str]] = defaultdict(set)
    for unit, words in zip(read, said, strict=True):
        documents[words].add(hits[unit.place].chunk.document_id)
    return [math.log(len(documents[words])) if words else 0.0 for words in said]


def _pooled(every: Sequence[Unit], inside: Sequence[float]) -> list[float]:
    """Of the settings of one name in a chunk (`port` of two servers), each has the most that one of them has:
    the reader sees the chunk as prose, and not which section a line is of."""
    names = [
        (unit.place, unit.view.partition("=")[0].partition(":")[0]) if unit.kind == "setting" else (at, "")
        for at, unit in enumerate(every)
    ]
    most: dict[tuple[int, str], float] = defaultdict(float)
    for name, value in zip(names, inside, strict=True):
        most[name] = max(most[name], value)
    return [most[name] for name in names]


def _words(text: str) -> str:
    return " ".join(text.lower().strip(_EDGES).split())
