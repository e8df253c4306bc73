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
that is above the next unit's, and the highest of `read`, `alone` and `cosine` among all units.

The order of the hits is no feature: a unit is judged by what it says. The weights were fitted by
`benchmarks/fit_choice.py` among the units of each question, on questions that the reader was not trained on.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag.embedding import Embedder
from rag.text.column_names import meanings_of
from rag.text.dates import MONTH
from rag.text.glosses import gloss, in_english
from rag.text.quantities import quantity_of
from rag.text.questions import column_asked_of, header_asked_of, is_polar, is_reason, kind_of
from rag.types import DOUBTED, Chunk, Hit

from . import Passage, Reader, Reading, Span, passage_of
from .pooled import trimmed
from .units import Unit, units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEATURES = (
    *(
        "cosine",
        "cover",
        "own",
        "chunk",
        "keys",
        "absent",
        "kind",
        "measure",
        "row",
        "column",
        "ahead",
        "heading",
        "asked",
    ),
    *("read", "inside", "alone", "span", "agree", "search"),
)
WEIGHTS = (
    4.802,
    0.82,
    0.335,
    0.365,
    -0.602,
    -0.504,
    0.8,
    0.579,
    0.341,
    0.667,
    -0.72,
    0.636,
    -0.317,
    -0.059,
    1.551,
    0.413,
    0.07,
    0.59,
    0.627,
)
BIAS = -5.053

CERTAIN_WEIGHTS = (
    0.603,
    -0.063,
    -1.83,
    1.694,
    -0.526,
    0.181,
    -0.287,
    0.379,
    -1.37,
    0.337,
    0.984,
    0.235,
    -0.438,
    0.338,
    -1.204,
    0.088,
    0.349,
    -0.507,
    0.113,
    0.35,
    0.742,
    -0.323,
    0.021,
    -0.348,
)
CERTAIN_BIAS = -0.091

DOUBT = 6.0  # what a unit's logit loses where a stage doubts its hit, and another may answer
PLAUSIBLE = 0.1  # the probability from which another may
EMBEDDED = 20  # units whose vectors are compared
READ = 12  # units that are read alone
_KEY = re.compile(r"\b(?:\w*\d[\w.,/:-]*\w|\d)\b|(?<!^)(?<![.!?] )\b[A-Z]\w+")
_UNREAD = 0.05  # probability of a cell in which the reader finds nothing
_NAMED = 8.0  # what the name of a cell's column weighs
_FITS = 3.0  # what it weighs that a cell has the measure that is asked for, or not
_SAID = 0.7  # the least cosine of a column that the question names
_SYNONYM = 0.42  # the least cosine of a word and the name of a column that may mean the same
_SAME = 0.5  # the same of a word that is taken for it
_SHORT = 40  # characters up to which a cell is named whole
_NUMBER = re.compile(  # and none that is part of a code
    r"(?<![\w-])\d+(?![\w-]*[^\W\d]|\d*-(?:0|\d{3}))"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|hundred)\b",
    re.IGNORECASE,
)
_CURRENCY = re.compile(
    r" ?(?:%|€|(?:EUR|USD|GBP|CHF|SEK|euros?|dollars?|pounds?|percent|per cent)\b)", re.IGNORECASE
)
_DATE = re.compile(
    r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b\d{1,2}:\d\d\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|\.)? (?:of |de )?{MONTH}(?!\w)(?: \d{{4}}\b)?"
    rf"|\b{MONTH} \d{{1,2}},? \d{{4}}\b",
    re.IGNORECASE,
)
_WHEN = re.compile(  # times in words
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|noon|midnight|mid(?:day|summer)|dawn|dusk|sunrise|sunset"
    r"|(?:jan|febr)uary|march|april|may|june|july|august|(?:septem|octo|novem|decem)ber|today|tomorrow|yesterday"
    r"|mornings?|afternoons?|evenings?|nights?|spring|summer|autumn|winter|christmas|easter)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|since|due to|owing to|thanks to|as a result|result(?:s|ed)? (?:from|in)|therefore|thus"
    r"|hence|so that|so (?!far\b)|otherwise|reasons?|caused?|in order|to avoid|to prevent|led to"
    r"|weil|denn|damit|wegen|parce que|afin|pour que|porque|para que|debido)\b",
    re.IGNORECASE,
)
_EDGES = " \t\n.,;:!?\"'“”‘’()[]|"


class Judged(NamedTuple):
    """A unit, the probability that it answers (0 to 1), and the characters of its chunk that answer."""

    unit: Unit
    probability: float
    span: tuple[int, int] | None
    features: tuple[float, ...]


def certainty(judged: Sequence[Judged]) -> float:
    """The probability (0 to 1) that the best of the units answers the question; 0 where there are none."""
    if not judged:
        return 0.0
    return _chance(
        CERTAIN_BIAS + sum(w * x for w, x in zip(CERTAIN_WEIGHTS, certain_features(judged), strict=True))
    )


def certain_features(judged: Sequence[Judged]) -> tuple[float, ...]:
    """What `certainty` weighs: the best unit's `FEATURES`, its logit, its lead, and three maxima."""
    logits = [_logit(candidate.probability) for candidate in judged[:2]]
    lead = logits[0] - logits[1] if len(logits) > 1 else 0.0
    maxima = [
        max(candidate.features[FEATURES.index(name)] for candidate in judged)
        for name in ("read", "alone", "cosine")
    ]
    return (*judged[0].features, logits[0], lead, *maxima)


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
        logits = [
            BIAS + sum(weight * value for weight, value in zip(WEIGHTS, row, strict=True))
            for row in rows.tolist()
        ]
        least = min(
            (d for d, logit in zip(doubts, logits, strict=True) if _chance(logit) >= PLAUSIBLE), default=1.0
        )
        judged = []
        for unit, row, span, doubt, logit in zip(made, rows.tolist(), spans, doubts, logits, strict=True):
            chance = _chance(logit - DOUBT * max(0.0, doubt - least))
            judged.append(Judged(unit, chance, span, tuple(row)))
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
        words = _Words(question, every, hits, self.analyze)
        if typed and typed != question:
            words = _InBoth(words, _Words(typed, every, hits, self.analyze))
        vector = self._embedder.embed([question], "query")[0]
        readings = self._reader.read(question, [passage_of(hit) for hit in hits])
        inside = _pooled(every, [self._inside(unit, readings) for unit in every])
        kept, near = self._promising(every, words, inside, vector)
        read = [every[at] for at in kept]
        alone = self._reader.read(question, [Passage(unit.above, unit.view) for unit in read])
        columns = self._columns(read, question, vector)
        headed = self._asked(read, vector)
        wanted = in_english(question)
        measure = quantity_of(wanted)
        spans = [
            _cell(unit, reading, columns, question, measure, self.analyze)
            if unit.kind == "row"
            else self._span(unit, reading, readings[unit.place], question)
            for unit, reading in zip(read, alone, strict=True)
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
                    1.0 if unit.is_header else _kind(wanted, said),
                    _measured(measure, in_english(_shown(unit, span))),
                    float(unit.kind == "row"),
                    columns.get(_column(unit, span), 0.0),
                    _ahead(unit, _column(unit, span), columns),
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
        self, every: Sequence[Unit], words: _Words, inside: Sequence[float], vector: NDArray[np.float32]
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

    def _columns(self, read: Sequence[Unit], question: str, vector: NDArray[np.float32]) -> dict[str, float]:
        """The cosine of each column's name with the question or a word of it, `_SAID` at least where said.

        0 for a year that the question does not name, where it names another.
        """
        import numpy as np

        rows = [unit for unit in read if unit.kind == "row"]
        names = sorted({name for unit in rows for name in unit.columns() if name})
        if not names:
            return {}
        asked = f" {_bare(question)} "
        meanings = {name: said for unit in rows for name, said in meanings_of(unit.columns()).items()}
        vectors = self._embedder.embed([meanings.get(name, name) for name in names], "document")
        near = np.maximum(vectors @ vector, self._words_near(question, vectors)).tolist()
        said = {
            name for name in names if any(f" {_bare(n)} " in asked for n in (name, meanings.get(name, name)))
        }
        if asks := column_asked_of(question):
            for columns in {unit.columns() for unit in rows}:
                fit = [name for name in columns if asks.search(meanings.get(name, name))]
                said |= set(fit) if len(fit) == 1 else set()
        dated = any(name.isdecimal() for name in said)  # of the columns of years, only those that are said
        header = {name for unit in rows if unit.is_header for name in unit.columns()}
        wanted = header_asked_of(question)
        near = [
            (_SAID if name == wanted else 0.0) if name in header else cosine
            for name, cosine in zip(names, near, strict=True)
        ]
        return {
            name: max(cosine, _SAID) if name in said else 0.0 if dated and name.isdecimal() else cosine
            for name, cosine in zip(names, near, strict=True)
        }

    def _words_near(self, question: str, names: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each name's vector the cosine of the question's nearest word, 0 below `_SYNONYM`."""
        import numpy as np

        words = sorted({word for word in re.findall(r"[\w-]+", question.lower()) if self.analyze(word)})
        if not words:
            return np.zeros(len(names), np.float32)
        near = (names @ self._embedder.embed(words, "query").T).max(axis=1)
        return np.where(near >= _SYNONYM, near, np.float32(0.0))

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
        if number and not any(_NUMBER.search(unit.said(*place)) for place in usable):
            known = _words(question).split()
            new = [match for match in _NUMBER.finditer(unit.view) if match[0].lower() not in known]
            places = [unit.located(*match.span()) for match in new[:1]]
            usable |= {place: 0.0 for place in places if place}
        if not usable:
            return None
        start, end = max(
            usable,
            key=lambda place: (number and bool(_NUMBER.search(unit.said(*place))), usable[place]),
        )
        more = _CURRENCY.match(unit.said(end, unit.end)) if number else None
        return start, end + more.end() if more else end


class _Words:
    """What the words of units have of a question's; `cover` is one of `FEATURES`, a value for each unit."""

    def __init__(
        self,
        question: str,
        every: Sequence[Unit],
        hits: Sequence[Hit],
        analyze: Callable[[str], Sequence[str]],
    ) -> None:
        self._every, self._hits = every, hits
        self._asked = set(analyze(question))
        self._terms = [set(analyze(unit.view)) for unit in every]
        self._chunks = [set(analyze(hit.chunk.indexed_text)) for hit in hits]
        self._rarity = _rarity(self._asked, self._chunks)
        self._keys = _keys_of(question)
        self._polar = is_polar(question)
        self._documents: dict[str, str] = defaultdict(str)
        for hit in hits:
            name = _name_of(hit.chunk.source)
            text = hit.chunk.indexed_text
            self._documents[hit.chunk.document_id] += f" {name} {_with_english(text)}".lower()
        above = {unit.above: set(analyze(unit.above)) for unit in every}
        names = [set(analyze(_name_of(hit.chunk.source))) for hit in hits]
        self.cover = [
            _share(self._rarity, own | above[unit.above] | names[unit.place])
            for unit, own in zip(every, self._terms, strict=True)
        ]

    def own(self, at: int) -> float:
        return _share(self._rarity, self._terms[at])

    def chunk(self, at: int) -> float:
        return _share(self._rarity, self._chunks[self._every[at].place])

    def keys(self, at: int) -> float:
        unit = self._every[at]
        chunk = self._hits[unit.place].chunk
        before = _paragraph(unit, chunk.text)
        text = _with_english(f"{unit.above} {before} {unit.view}")
        return self._missing(f"{_name_of(chunk.source)} {text}".lower())

    def absent(self, at: int) -> float:
        return self._missing(self._documents[self._hits[self._every[at].place].chunk.document_id])

    def says_more(self, at: int) -> bool:
        """Whether a unit has a word that the question has not; what is asked for yes or no may have none."""
        return self._polar or bool(self._terms[at] - self._asked)

    def _missing(self, text: str) -> float:
        return sum(not _has(text, key) for key in self._keys) / len(self._keys) if self._keys else 0.0


class _InBoth(_Words):
    """The words of a question in its own language or in English, whichever a unit has more of."""

    def __init__(self, english: _Words, own: _Words) -> None:
        self._both = (english, own)
        self.cover = [max(pair) for pair in zip(english.cover, own.cover, strict=True)]

    def own(self, at: int) -> float:
        return max(words.own(at) for words in self._both)

    def chunk(self, at: int) -> float:
        return max(words.chunk(at) for words in self._both)

    def keys(self, at: int) -> float:
        return min(words.keys(at) for words in self._both)

    def absent(self, at: int) -> float:
        return min(words.absent(at) for words in self._both)

    def says_more(self, at: int) -> bool:
        return all(words.says_more(at) for words in self._both)


def _with_english(text: str) -> str:
    meant = gloss(text)
    return f"{text} {meant.text}" if meant else text


def missing_keys(question: str, chunk: Chunk) -> set[str]:
    """The names, numbers and codes of a question that stand neither in a chunk nor in its file's name."""
    text = f"{_name_of(chunk.source)} {_with_english(chunk.indexed_text)}".lower()
    return {key for key in _keys_of(question) if not _has(text, key)}


def has_kind(question: str, text: str) -> bool | None:
    """Whether a text has the kind of value that a question asks for; None where it asks for no known kind."""
    if kind_of(question) is None and not is_reason(question):
        return None
    return bool(_kind(question, text))


def _keys_of(question: str) -> set[str]:
    return {key.lower().rstrip(".,:") for key in _KEY.findall(question)}


def _agreement(
    read: Sequence[Unit], spans: Sequence[tuple[int, int] | None], hits: Sequence[Hit]
) -> list[float]:
    """For each unit ln(1 + other documents in which a unit has the same answer)."""
    said = [_words(unit.said(*span)) if span else "" for unit, span in zip(read, spans, strict=True)]
    documents: dict[str, set[str]] = defaultdict(set)
    for unit, words in zip(read, said, strict=True):
        documents[words].add(hits[unit.place].chunk.document_id)
    return [math.log(len(documents[words])) if words else 0.0 for words in said]


def _cell(
    unit: Unit,
    alone: Reading,
    columns: dict[str, float],
    question: str,
    measure: re.Pattern[str] | None,
    analyze: Callable[[str], Sequence[str]],
) -> tuple[int, int] | None:
    """The cell of a row that answers: what the reader finds in it, weighed by how its column is named.

    A cell scores (`_UNREAD` + the probability of the answers in it) · exp(`_NAMED` · its column's cosine
    + `_FITS` · the measure's fit). Cells that the question has itself answer only where there are no others.
    """
    known, scored = set(analyze(question)), list[tuple[bool, float, tuple[int, int]]]()
    meanings = meanings_of(unit.columns())
    for (first, last, at), name in zip(unit.pieces, unit.columns(), strict=True):
        within = [span for span in alone.spans if first <= span.start and span.end <= last]
        score = (_UNREAD + sum(span.probability for span in within)) * math.exp(
            _NAMED * columns.get(name, 0.0)
            + _FITS * _measured(measure, f"{name} {meanings.get(name, '')}: {unit.view[first:last]}")
        )
        start, end = first, last
        if within and last - first > _SHORT:
            start, end = trimmed(unit.view, max(within, key=lambda span: span.probability))
        terms = set(analyze(unit.view[first:last]))
        new = not terms or not terms <= known
        scored.append((new, score, (at + start - first, at + end - first)))
    return max(scored)[2] if scored else None


def _shown(unit: Unit, span: tuple[int, int] | None) -> str:
    """What is looked at for a measure: of a row the cell that answers and its column's name."""
    if unit.kind != "row" or span is None:
        return unit.view
    column = _column(unit, span)
    return f"{column} {meanings_of(unit.columns()).get(column, '')}: {unit.said(*span)}"


def _measured(measure: re.Pattern[str] | None, text: str) -> float:
    return 0.0 if measure is None else 1.0 if measure.search(text) else -1.0


def _ahead(unit: Unit, column: str, columns: dict[str, float]) -> float:
    others = [columns.get(name, 0.0) for name in unit.columns() if name != column]
    return columns.get(column, 0.0) - sum(others) / len(others) if column and others else 0.0


def _column(unit: Unit, span: tuple[int, int] | None) -> str:
    """The name of the column in which a row's answer stands."""
    if unit.kind != "row" or span is None:
        return ""
    for (first, last, at), name in zip(unit.pieces, unit.columns(), strict=True):
        if at <= span[0] < at + last - first:
            return name
    return ""


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


def _paragraph(unit: Unit, text: str) -> str:
    """What stands before a unit in its paragraph."""
    return text[text.rfind("\n\n", 0, unit.start) + 1 : unit.start] if unit.start > 0 else ""


def _name_of(source: str) -> str:
    """The words of a file's name: of `docs/haulage-contract_Lund.docx` haulage, contract and Lund."""
    return re.sub(r"[\W_]+", " ", source.partition("#")[0].rpartition("/")[2].rpartition(".")[0])


def _has(text: str, key: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) is not None


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _words(text: str) -> str:
    return " ".join(text.lower().strip(_EDGES).split())


def _rarity(terms: set[str], texts: Sequence[set[str]]) -> dict[str, float]:
    """idf among the hits: ln(1 + (N - n + 0.5) / (n + 0.5)) for a term in n of N texts."""
    count = Counter(term for text in texts for term in text & terms)
    return {term: math.log(1 + (len(texts) - count[term] + 0.5) / (count[term] + 0.5)) for term in terms}


def _share(weights: dict[str, float], terms: set[str]) -> float:
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in terms) / total if total else 0.0


def _kind(question: str, text: str) -> float:
    """1 where the question asks for a number, a time or a name, and the text adds one; or for a reason."""
    if is_reason(question):
        return float(bool(_REASON.search(text)))
    known = set(re.findall(r"\w+", question.lower()))
    kind = kind_of(question)
    if kind == "number":
        text = _DATE.sub(" ", text)
    if kind == "time" and any(word.lower() not in known for word in _WHEN.findall(text)):
        return 1.0
    if kind in ("number", "time"):
        return float(any(number not in known for number in _NUMBER.findall(text)))
    if kind == "name":
        names = re.findall(r"(?<![.!?]\s)(?<!^)\b[^\W\d_a-z]\w+", _WHEN.sub(lambda m: " " * len(m[0]), text))
        return float(any(name.lower() not in known for name in names))
    return 0.0
