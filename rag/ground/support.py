"""How well each written sentence is supported by what it cites, and what becomes of one that is not.

For a sentence s and its cited text e: support = (cos(s, e) + cover(s, e)) / 2, with cover the share of the
terms of s that e has; halved where s has a number that e has not, or one of the two is negated and the other
is not. Where there is a reader, its probability that e supports s takes the place of that sum. A row of a
table is read with the names of its columns, and a number of s in a column that neither s nor the question
speaks of halves the score too (`evidence.py`). Quotes are their own proof and keep their score.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.embedding import Embedder
from rag.errors import ConfigError
from rag.options import Share
from rag.reading import Reader
from rag.types import Answer, Question, Sentence

from .abstain import withdrawn
from .align import bare, numbers
from .compose import composed
from .evidence import Evidence

Scorer = Callable[[Sequence[tuple[str, str]]], Sequence[float]]
"""Pairs of (sentence, cited text) → how well each is supported, 0 to 1."""

POLICIES = ("mark", "remove", "abstain")
MARK = " [unsupported]"
_NEGATION = re.compile(r"\b(?:not?|never|none|nothing|nor|cannot|without|\w+n't)\b", re.IGNORECASE)


class Overlap:
    """The built-in `Scorer`: embedding and lexical overlap, numbers and negation."""

    def __init__(self, embedder: Embedder, language: str = "english") -> None:
        from rag.indexes import Analyzer

        self._embedder, self._analyze = embedder, Analyzer(language).analyze

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        rows = self._embedder.embed([text for pair in pairs for text in pair], "document")
        scores = []
        for (sentence, cited), first, other in zip(pairs, rows[::2], rows[1::2], strict=True):
            terms, known = set(self._analyze(sentence)), set(self._analyze(cited))
            cover = len(terms & known) / len(terms) if terms else 0.0
            score = (max(0.0, float(first @ other)) + cover) / 2
            scores.append(score / 2 if _contradict(sentence, cited) else score)
        return scores


class Read:
    """The built-in `Scorer` where there is a reader: halved by a contradiction that it may overlook.

    A sentence of an answer often leans on the question ("It opened in 1931."), so it is read alone and after
    the question, and the better of the two counts.
    """

    def __init__(self, reader: Reader, question: str = "") -> None:
        self._reader, self._question = reader, question

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        alone = self._reader.support(pairs)
        if self._question:
            leaning = self._reader.support([(f"{self._question} {claim}", text) for claim, text in pairs])
            alone = [max(both) for both in zip(alone, leaning, strict=True)]
        return [score / 2 if _contradict(*pair) else score for score, pair in zip(alone, pairs, strict=True)]


def build(
    embedder: Embedder,
    reader: Reader | None = None,
    language: str = "english",
    policy: str = "mark",
    below: Share = 0.5,
    scorer: Scorer | None = None,
) -> Callable[[Question, Answer], Answer]:
    """A stage that scores written sentences and treats those with support under `below` by `policy`.

    `mark` keeps them, without a citation and marked; `remove` leaves them out; `abstain` withdraws the
    answer. Where none is left, the answer is withdrawn. Raises ConfigError for another policy.
    """
    if policy not in POLICIES:
        raise ConfigError(f"policy is {policy!r}, expected one of {', '.join(POLICIES)}")

    def scorer_of(question: Question) -> Scorer:
        if scorer is not None:
            return scorer
        return Read(reader, question.text) if reader else Overlap(embedder, language)

    def support(question: Question, answer: Answer) -> Answer:
        sentences = _scored(question, answer, scorer_of(question))
        weak = {
            place
            for place, sentence in enumerate(sentences)
            if not sentence.citations or (sentence.support < below and not is_quote(sentence))
        }
        weak -= _leading(sentences, weak)
        if sentences and (len(weak) == len(sentences) or (weak and policy == "abstain")):
            return withdrawn(replace(answer, confidence=0.0))
        if policy == "remove":
            answer = composed(
                answer, [sentence for place, sentence in enumerate(sentences) if place not in weak]
            )
        else:
            kept = [
                replace(sentence, citations=()) if place in weak else sentence
                for place, sentence in enumerate(sentences)
            ]
            answer = composed(answer, kept, dict.fromkeys(weak, MARK))
        return replace(answer, confidence=_confidence(answer))

    return support


def _scored(question: Question, answer: Answer, score: Scorer) -> list[Sentence]:
    """The sentences, each written one with its score; quotes keep theirs."""
    evidence = Evidence(answer.hits)
    written = {
        place: sentence
        for place, sentence in enumerate(answer.sentences)
        if sentence.citations and not is_quote(sentence)
    }
    if not written:
        return list(answer.sentences)
    pairs = [(sentence.text, evidence.text(sentence.citations)) for sentence in written.values()]
    scores = dict(zip(written, score(pairs), strict=True))
    for place, sentence in written.items():
        if evidence.misplaced(f"{question.text} {sentence.text}", sentence.citations):
            scores[place] /= 2
    return [
        replace(sentence, support=float(scores[place])) if place in scores else sentence
        for place, sentence in enumerate(answer.sentences)
    ]


def _leading(sentences: Sequence[Sentence], weak: set[int]) -> set[int]:
    """Lines such as "Follow these steps:" before a sentence that is kept: they claim nothing themselves."""
    return {
        place
        for place in weak
        if sentences[place].text.endswith((":", "："))
        and place + 1 < len(sentences)
        and place + 1 not in weak
    }


def is_quote(sentence: Sentence) -> bool:
    """Whether a sentence was taken from its source, or stands word for word in what it cites."""
    return sentence.quoted or stands_there(sentence)


def stands_there(sentence: Sentence) -> bool:
    """Whether a sentence stands word for word in what it cites, marks of layout aside."""
    from .plain import plain

    return any(
        sentence.text in (plain(citation.quote), " ".join(citation.quote.split()))
        for citation in sentence.citations
    )


def _confidence(answer: Answer) -> float:
    """The mean support of what is cited, for written answers; a quoted one keeps its confidence."""
    if all(is_quote(sentence) for sentence in answer.sentences):
        return answer.confidence
    cited = [sentence.support for sentence in answer.sentences if sentence.citations]
    return sum(cited) / len(cited) if cited else 0.0


def _contradict(sentence: str, cited: str) -> bool:
    invented = numbers(bare(sentence)) - numbers(cited)
    return bool(invented) or bool(_NEGATION.search(sentence)) != bool(_NEGATION.search(cited))
