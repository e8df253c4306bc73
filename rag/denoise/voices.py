"""Counts voices instead of passages, and weighs sources that disagree on the same statement.

Each of the first `read` hits is read alone; where it answers with a probability of `least`, the sentence
around its best span is a claim with that span as its value; rows of tables and settings are none, since two
rows differ because they are about two things. Claims count where they speak of the same as the
surest: they have three quarters of the question's words that it has. Claims of one value from one document,
or whose sentences agree in `same` of their other words, are one voice: what is repeated in the same words was
written once. For the voice V with the documents D(V), best probability p(V) and c(V) words around its claim,

    w(V) = p(V) / √|D(V)| · (1 + min(1, c(V) / 60)) / 2        w(side) = Σ of its voices' weights

so repetition in other documents counts against a voice, not for it, and a sentence that stands alone weighs
less than one in a text that has more to say. A side is left out where the heaviest has every name and number
of the question in its text, it weighs under `margin` of that, and its wording is the other's but for the
value, or its own in several documents.

Who says what is told in a note where a side is left out, or where two documents answer plainly: with a
sentence that has two thirds of the question's terms, and a value of the kind that is asked for, from a text
that has every name and number of the question. A question that asks for no known kind of value (`How do
I …?`) has many answers that differ and agree, so there the two sentences must be equal but for the value.
Sources: PoisonedRAG (Zou and others); Why So Gullible?
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rag.counts import counted
from rag.options import Count, Share
from rag.reading import Reader, passage_of
from rag.reading.candidates import cut
from rag.reading.coverage import missing_keys
from rag.reading.kinds import has_kind
from rag.reading.pooled import trimmed
from rag.reading.units import units
from rag.text.questions import kind_of
from rag.trace import note, note_dropped, note_reader
from rag.types import Hit, Question

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_RICH = 60  # words around a claim from which its text stands on its own feet
_ALIKE = 0.75  # share of the words of the question that the surest claim has
_LONG = 4  # letters of a word that says what a question is about
_ABOUT = 2 / 3  # share of the question's terms that a plain claim has


class Claim(NamedTuple):
    """What one hit answers: the sentence, its value, and how likely it answers.

    `words` are the sentence's others, `asked` those that it shares with the question; `around` counts the
    words of the chunk outside the sentence; `named` says whether the chunk has every name and number of the
    question, `plain` whether it may be told as what a source says, and `of_kind` whether its value is of a
    kind that the question asks for.
    """

    hit: Hit
    sentence: str
    value: str
    words: frozenset[str]
    asked: frozenset[str]
    probability: float
    around: int
    named: bool
    plain: bool
    of_kind: bool


class Voice(NamedTuple):
    """Claims of one value that were written once."""

    claims: tuple[Claim, ...]

    @property
    def documents(self) -> int:
        return len({claim.hit.chunk.document_id for claim in self.claims})

    @property
    def weight(self) -> float:
        """w(V)."""
        around = max(claim.around for claim in self.claims)
        sure = max(claim.probability for claim in self.claims)
        return sure / math.sqrt(self.documents) * (1 + min(1.0, around / _RICH)) / 2


Side = Sequence[Voice]


def build(
    reader: Reader,
    language: str = "english",
    read: Count = 12,
    least: Share = 0.2,
    same: Share = 0.7,
    margin: Share = 0.9,
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage over the first `read` hits, which the stage `rerank` has had read already."""

    from rag.indexes import Analyzer

    analyze = Analyzer(language).analyze

    def voices(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        held = sides(claims_of(reader, question.text, hits[:read], least, analyze), same)
        if len(held) < 2:
            return hits
        note("sides", [_row_of(side) for side in held])
        first, *others = held
        about = any(claim.named for claim in _claims(first))  # else it says nothing against the others
        dropped: dict[str, str] = {}
        for side in others:
            why = _planted(side, first, margin)
            if why and about:
                dropped |= {claim.hit.chunk.id: why for voice in side for claim in voice.claims}
        if told := _told(held, dropped, same):
            note_reader(_disagreement(told, dropped))
        for hit in hits:
            if hit.chunk.id in dropped:
                note_dropped(hit, f"quarantined: {dropped[hit.chunk.id]}")
        return [hit for hit in hits if hit.chunk.id not in dropped]

    return voices


def claims_of(
    reader: Reader, question: str, hits: Sequence[Hit], least: float, analyze: Callable[[str], Sequence[str]]
) -> list[Claim]:
    """One claim a hit that answers with a probability of `least`; `analyze` gives the terms of a text."""
    asked, terms = frozenset(_words(question)), set(analyze(question))
    claims = []
    for hit, reading in zip(hits, reader.read(question, [passage_of(hit) for hit in hits]), strict=True):
        if not reading.spans or reading.answerable * reading.spans[0].probability < least:
            continue
        text = hit.chunk.text
        start, end = trimmed(text, reading.spans[0])
        around = [span for span in cut(text) if span[0] < end and start < span[1]]
        if not around or _in_row(hit, start):
            continue
        sentence, value = text[around[0][0] : around[-1][1]], " ".join(_words(text[start:end]))
        words = frozenset(_words(sentence)) - frozenset(value.split())
        if value and words & asked:
            rest = len(_words(text)) - len(_words(sentence))
            sure = reading.answerable * reading.spans[0].probability
            shared = frozenset(word for word in words & asked if len(word) >= _LONG or not word.isascii())
            named = not missing_keys(question, hit.chunk)
            plain = (
                named
                and len(terms & set(analyze(sentence))) >= _ABOUT * len(terms)
                and has_kind(question, text[start:end]) is not False
            )
            of_kind = kind_of(question) is not None and bool(has_kind(question, text[start:end]))
            claims.append(
                Claim(hit, sentence, value, words - asked, shared, sure, rest, named, plain, of_kind)
            )
    return claims


def _in_row(hit: Hit, at: int) -> bool:
    return any(unit.kind in ("row", "setting") for unit in units(0, hit) if unit.start <= at < unit.end)


def _told(held: Sequence[Side], dropped: dict[str, str], same: float) -> list[Side]:
    """The sides that a reader is told of: the first and those left out, and those that contradict another."""
    said = [_claims(side) for side in held]
    out = [any(claim.hit.chunk.id in dropped for claim in claims) for claims in said]
    return [
        side
        for place, (side, mine) in enumerate(zip(held, said, strict=True))
        if out[place]
        or (place == 0 and any(out))
        or any(_contradicts(a, b, same) for other in said if other is not mine for a in mine for b in other)
    ]


def _contradicts(first: Claim, second: Claim, same: float) -> bool:
    """Whether two documents answer plainly, and not both can be right."""
    if not (first.plain and second.plain) or first.hit.chunk.document_id == second.hit.chunk.document_id:
        return False
    return (first.of_kind and second.of_kind) or _agreement(first, second) >= same


def _claims(side: Side) -> list[Claim]:
    return [claim for voice in side for claim in voice.claims]


def sides(claims: Sequence[Claim], same: float) -> list[list[Voice]]:
    """The voices of each value among claims about the same as the best one; the heaviest side first."""
    if not claims:
        return []
    best = max(claims, key=lambda claim: claim.probability)
    about = [claim for claim in claims if len(claim.asked & best.asked) >= _ALIKE * len(best.asked)]
    values: list[list[Claim]] = []
    for claim in about:
        joined = [group for group in values if any(_same_value(claim.value, other.value) for other in group)]
        values = [group for group in values if group not in joined]
        values.append([*(member for group in joined for member in group), claim])
    return sorted((_voices(group, same) for group in values), key=lambda side: -weight(side))


def weight(side: Side) -> float:
    """w(side)."""
    return sum(voice.weight for voice in side)


def _voices(claims: Sequence[Claim], same: float) -> list[Voice]:
    groups: list[list[Claim]] = []
    for claim in claims:
        joined = [group for group in groups if any(_same_voice(claim, other, same) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([*(member for group in joined for member in group), claim])
    return [Voice(tuple(group)) for group in groups]


def _same_voice(first: Claim, second: Claim, same: float) -> bool:
    return first.hit.chunk.document_id == second.hit.chunk.document_id or _agreement(first, second) >= same


def _agreement(first: Claim, second: Claim) -> float:
    """The share of the words, besides values and question, of the shorter claim that the other has."""
    few = min(len(first.words), len(second.words))
    return len(first.words & second.words) / few if few else 1.0


def _same_value(first: str, second: str) -> bool:
    return f" {first} " in f" {second} " or f" {second} " in f" {first} "


def _planted(side: Side, first: Side, margin: float) -> str:
    """Why a lighter side is left out; empty where it only disagrees."""
    if weight(side) > margin * weight(first):
        return ""
    documents = max(voice.documents for voice in side)
    if len(side) == 1 and documents > 1:
        together = counted(documents, "document says", "documents say")
        return f"{together} it in the same words, and another source says otherwise"
    mine, other = (max((c for v in s for c in v.claims), key=lambda c: c.around) for s in (side, first))
    if len(side) == 1 and _agreement(mine, other) >= 0.8 and mine.around < other.around / 2:
        return "the words of another source with another value, and little besides"
    return ""


def _row_of(side: Side) -> dict[str, object]:
    return {
        "weight": round(weight(side), 4),
        "voices": [{"sources": _sources(voice.claims), "says": voice.claims[0].sentence} for voice in side],
    }


def _disagreement(held: Sequence[Side], dropped: dict[str, str]) -> str:
    """`The sources disagree. a.txt: “20 euros” But b.txt, c.txt (left out: …): “900 euros”`"""
    parts = []
    for side in held:
        claims = _claims(side)
        best = max(claims, key=lambda claim: (claim.plain, claim.probability))
        why = dropped.get(best.hit.chunk.id, "")
        out = f" (left out: {why})" if why else ""
        parts.append(f"{', '.join(_sources(claims))}{out}: “{' '.join(best.sentence.split())}”")
    return f"The sources disagree. {' But '.join(parts)}"


def _sources(claims: Iterable[Claim]) -> list[str]:
    return list(dict.fromkeys(claim.hit.chunk.source for claim in claims))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
