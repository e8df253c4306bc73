"""A case and its outcome → every measure's value, None where a measure does not apply."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.evaluate.measures import Measure, decision, proof
from rag.evaluate.measures.ranking import RANKING
from rag.evaluate.measures.words import WORDS, contains
from rag.evaluate.questions.cases import Case
from rag.reading.units import rows_of
from rag.types import Chunk

from .outcome import Outcome

Value = float | None
_WITHOUT_ANSWERS = ("EM", "F1")  # SQuAD 2.0: declining an unanswerable question is an exact match


def score(case: Case, outcome: Outcome, measures: Sequence[Measure]) -> dict[str, Value]:
    """Each measure's value for one question, by the measure's name."""
    return {measure.name: _score(case, outcome, measure) for measure in measures}


def right(case: Case, text: str) -> bool:
    """Whether a text answers a question; no text answers one that is unanswerable."""
    return bool(case.answers) and contains(text, case.answers) == 1


def holds(case: Case, chunk: Chunk) -> bool:
    """Whether a chunk answers a question: its text does, or a cell of it, where cells stand side by side."""
    return right(case, chunk.text) or any(
        right(case, cell.text)
        for row in rows_of(chunk.source, chunk.text, chunk.header)
        for cell in row.cells
    )


def _score(case: Case, outcome: Outcome, measure: Measure) -> Value:
    if measure.family == "retrieval":
        gains = case.relevant
        if not gains:
            return None
        return RANKING[measure.base](outcome.ranking, gains, measure.k, measure.least)
    if case.kind == "retrieval":
        return None
    return _ANSWER[measure.base](case, outcome)


def _words(base: str) -> Callable[[Case, Outcome], Value]:
    def value(case: Case, outcome: Outcome) -> Value:
        if not case.answers and base not in _WITHOUT_ANSWERS:
            return None
        given = outcome.text if base == "Contains" else outcome.prediction
        return WORDS[base]("" if outcome.abstained else given, case.answers)

    return value


def _correct(case: Case, outcome: Outcome) -> Value:
    held = contains(outcome.text, case.answers)
    return decision.correct(answerable=bool(case.answers), abstained=outcome.abstained, contains=held)


def _cited(measured: Callable[..., float]) -> Callable[[Case, Outcome], Value]:
    def value(case: Case, outcome: Outcome) -> Value:
        return None if outcome.abstained or not case.relevant else measured(outcome.cited, case.relevant)

    return value


def _judged(case: Case, outcome: Outcome) -> Value:
    if not case.answers or not outcome.text:
        return 0.0 if case.answers else None
    verdict = outcome.verdict
    return None if verdict is None or verdict.right is None else float(verdict.right)


def _support(case: Case, outcome: Outcome) -> Value:
    if outcome.abstained:
        return None
    return proof.supported([(sentence.support, bool(sentence.cites)) for sentence in outcome.said])


def _decided(measured: Callable[..., Value]) -> Callable[[Case, Outcome], Value]:
    return lambda case, outcome: measured(answerable=bool(case.answers), abstained=outcome.abstained)


_ANSWER: dict[str, Callable[[Case, Outcome], Value]] = {
    **{base: _words(base) for base in WORDS},
    "Correct": _correct,
    "Judge": _judged,
    "CiteP": _cited(proof.citation_precision),
    "CiteR": _cited(proof.citation_recall),
    "Support": _support,
    "Answered": _decided(decision.answered),
    "AbstainP": _decided(decision.abstain_precision),
    "AbstainR": _decided(decision.abstain_recall),
}
