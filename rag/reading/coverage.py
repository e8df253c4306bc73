"""Which of a question's words a unit has, alone, under its headings and in its document."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from rag.text.glosses import gloss
from rag.text.questions import is_polar
from rag.types import Chunk, Hit

from .units import Unit

_KEY = re.compile(r"\b(?:\w*\d[\w.,/:-]*\w|\d)\b|(?<!^)(?<![.!?] )\b[A-Z]\w+")


class Coverage:
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
            self._documents[hit.chunk.document_id] += f" {name} {with_english(text)}".lower()
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
        text = with_english(f"{unit.above} {before} {unit.view}")
        return self._missing(f"{_name_of(chunk.source)} {text}".lower())

    def absent(self, at: int) -> float:
        return self._missing(self._documents[self._hits[self._every[at].place].chunk.document_id])

    def says_more(self, at: int) -> bool:
        """Whether a unit has a word that the question has not; what is asked for yes or no may have none."""
        return self._polar or bool(self._terms[at] - self._asked)

    def _missing(self, text: str) -> float:
        return sum(not _has(text, key) for key in self._keys) / len(self._keys) if self._keys else 0.0


class BestCoverage(Coverage):
    """The words of a question in its own language or in English, whichever a unit has more of."""

    def __init__(self, english: Coverage, own: Coverage) -> None:
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


def with_english(text: str) -> str:
    meant = gloss(text)
    return f"{text} {meant.text}" if meant else text


def missing_keys(question: str, chunk: Chunk) -> set[str]:
    """The names, numbers and codes of a question that stand neither in a chunk nor in its file's name."""
    text = f"{_name_of(chunk.source)} {with_english(chunk.indexed_text)}".lower()
    return {key for key in _keys_of(question) if not _has(text, key)}


def _keys_of(question: str) -> set[str]:
    return {key.lower().rstrip(".,:") for key in _KEY.findall(question)}


def _paragraph(unit: Unit, text: str) -> str:
    """What stands before a unit in its paragraph."""
    return text[text.rfind("\n\n", 0, unit.start) + 1 : unit.start] if unit.start > 0 else ""


def _name_of(source: str) -> str:
    """The words of a file's name: of `docs/haulage-contract_Lund.docx` haulage, contract and Lund."""
    return re.sub(r"[\W_]+", " ", source.partition("#")[0].rpartition("/")[2].rpartition(".")[0])


def _has(text: str, key: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) is not None


def _rarity(terms: set[str], texts: Sequence[set[str]]) -> dict[str, float]:
    """idf among the hits: ln(1 + (N - n + 0.5) / (n + 0.5)) for a term in n of N texts."""
    count = Counter(term for text in texts for term in text & terms)
    return {term: math.log(1 + (len(texts) - count[term] + 0.5) / (count[term] + 0.5)) for term in terms}


def _share(weights: dict[str, float], terms: set[str]) -> float:
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in terms) / total if total else 0.0
