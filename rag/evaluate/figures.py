"""The figures of a run: measures with intervals, by group and by question, cost, and what went wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case, QuestionSet
from rag.evaluate.running.judge import Judging, judging
from rag.evaluate.running.outcome import Outcome
from rag.evaluate.running.score import Value, right, score

from .measures import Curve, Measure, risk_coverage
from .measures.calibration import Calibration, calibration
from .statistics import Mean, interval

_MOST_GROUPS = 20  # values of a field from which it is no grouping but a name


@dataclass(frozen=True)
class Figures:
    """Questions, what came of them, and every number that follows from the two.

    `identity` decides the figures and `setting` is where it ran (`running/provenance.py`); `missing` are
    judged documents that the index does not have: they count as not found. `seconds` were spent asking, less
    than the whole where the run had been stopped before.
    """

    questions: QuestionSet
    outcomes: tuple[Outcome, ...]
    measures: tuple[Measure, ...]
    identity: Mapping[str, Any] = field(default_factory=dict)
    setting: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    folder: Path | None = None
    seconds: float = 0.0

    @cached_property
    def scores(self) -> dict[str, dict[str, Value]]:
        """Every measure's value by question id; None where a measure does not apply."""
        pairs = zip(self.questions, self.outcomes, strict=True)
        return {case.id: score(case, outcome, self.measures) for case, outcome in pairs}

    @cached_property
    def summary(self) -> dict[str, Mean]:
        """Every measure that applies to some question: its mean with a 95 % interval."""
        return self._means(self.questions.cases)

    def values(self, name: str) -> dict[str, float]:
        """A measure's values by question id, where it applies. Raises ConfigError for one not measured."""
        if name not in {measure.name for measure in self.measures}:
            known = ", ".join(measure.name for measure in self.measures)
            raise ConfigError(f"{name!r} was not measured in this run: it has {known}")
        values = ((case_id, row[name]) for case_id, row in self.scores.items())
        return {case_id: value for case_id, value in values if value is not None}

    @cached_property
    def groups(self) -> dict[str, dict[str, dict[str, Mean]]]:
        """Figures by each field of `meta` that sorts the questions: field → value → measure → mean."""
        groups: dict[str, dict[str, dict[str, Mean]]] = {}
        for name in self._groupings():
            cases: dict[str, list[Case]] = defaultdict(list)
            for case in self.questions:
                if _groupable(self._meta(case).get(name)):
                    cases[str(self._meta(case)[name])].append(case)
            groups[name] = {value: self._means(group) for value, group in sorted(cases.items())}
        return groups

    @cached_property
    def curve(self) -> Curve:
        """Risk and coverage over the questions with reference answers or none, by confidence, undecided."""
        pairs = zip(self.questions, self.outcomes, strict=True)
        return risk_coverage(
            [
                (outcome.confidence, right(case, outcome.draft or outcome.text))
                for case, outcome in pairs
                if case.kind != "retrieval"
            ]
        )

    @cached_property
    def calibration(self) -> Calibration:
        """Whether the confidence of the drafts means what it says, over the questions of `curve`."""
        pairs = zip(self.questions, self.outcomes, strict=True)
        return calibration(
            [
                (outcome.confidence, right(case, outcome.draft or outcome.text))
                for case, outcome in pairs
                if case.kind != "retrieval"
            ]
        )

    @cached_property
    def cost(self) -> dict[str, dict[str, float]]:
        """Milliseconds a question by stage (and `total`), and tokens: mean, median and 95th percentile.

        The mean of `total` has its 95 % interval, `low` to `high`.
        """
        import numpy as np

        stages: dict[str, list[float]] = defaultdict(list)
        for outcome in self.outcomes:
            for name, ms in outcome.ms.items():
                stages[name].append(ms)
        tokens = [float(outcome.tokens) for outcome in self.outcomes if outcome.tokens]
        columns = {**stages, **({"tokens": tokens} if tokens else {})}
        summary = {
            name: {
                "mean": round(float(np.mean(column)), 3),
                "median": round(float(np.median(column)), 3),
                "p95": round(float(np.quantile(column, 0.95)), 3),
            }
            for name, column in columns.items()
        }
        if "total" in summary:
            mean = interval(columns["total"], seed=int(self.identity.get("seed", 0)))
            summary["total"] |= {"low": round(mean.low, 3), "high": round(mean.high, 3)}
        return summary

    @cached_property
    def judging(self) -> Judging | None:
        """Who judged, and how far that agrees with `Contains`; None where no judge was named."""
        if not any(measure.base == "Judge" for measure in self.measures):
            return None
        return judging(self.questions, self.outcomes)

    def worst(self, count: int = 10) -> list[tuple[Case, Outcome]]:
        """The questions to read first: wrong ones, the most confident of them first; then poor rankings."""
        pairs = list(zip(self.questions, self.outcomes, strict=True))
        wrong = [pair for pair in pairs if pair[0].kind != "retrieval" and not _well(*pair)]
        wrong.sort(key=lambda pair: (pair[1].abstained, -pair[1].confidence, pair[0].id))
        name = next((measure.name for measure in self.measures if measure.family == "retrieval"), None)
        if name is None or len(wrong) >= count:
            return wrong[:count]
        seen = {case.id for case, _ in wrong}
        poor = [pair for pair in pairs if pair[0].relevant and pair[0].id not in seen]
        poor.sort(key=lambda pair: (self.scores[pair[0].id][name] or 0.0, pair[0].id))
        poor = [pair for pair in poor if (self.scores[pair[0].id][name] or 0.0) < 1]
        return (wrong + poor)[:count]

    def rows(self) -> list[dict[str, Any]]:
        """A row a question: what was asked, expected and said, and every score."""
        return [
            {
                **case.to_dict(),
                "kind": case.kind,
                "answer": outcome.text,
                "draft": outcome.draft,
                "abstained": outcome.abstained,
                "confidence": outcome.confidence,
                "cited": list(outcome.cited),
                "ranking": list(outcome.ranking),
                "ms": outcome.ms.get("total"),
                "tokens": outcome.tokens,
                "verdict": outcome.verdict._asdict() if outcome.verdict else None,
                "scores": self.scores[case.id],
            }
            for case, outcome in zip(self.questions, self.outcomes, strict=True)
        ]

    def _means(self, cases: Sequence[Case]) -> dict[str, Mean]:
        means = {}
        for measure in self.measures:
            values = [value for case in cases if (value := self.scores[case.id][measure.name]) is not None]
            if values:
                means[measure.name] = interval(values, seed=int(self.identity.get("seed", 0)))
        return means

    def _meta(self, case: Case) -> Mapping[str, Any]:
        """What a case is grouped by: its `meta`, and which turn of a conversation it is."""
        if not any(question.history for question in self.questions):
            return case.meta
        return {**case.meta, "turn": len(case.history) + 1}

    def _groupings(self) -> list[str]:
        """Fields of `meta` that most questions have, with more than one value and not too many."""
        values: dict[str, set[str]] = defaultdict(set)
        have: dict[str, int] = defaultdict(int)
        for case in self.questions:
            for name, value in self._meta(case).items():
                if _groupable(value):
                    values[name].add(str(value))
                    have[name] += 1
        sorted_alike: dict[
            tuple[int, ...], str
        ] = {}  # of fields that sort the questions alike, one is enough
        for name in sorted(values):
            if 1 < len(values[name]) <= _MOST_GROUPS and 2 * have[name] > len(self.questions):
                places: dict[str, int] = {}
                sorting = [
                    places.setdefault(str(self._meta(case).get(name)), len(places)) for case in self.questions
                ]
                sorted_alike.setdefault(tuple(sorting), name)
        return list(sorted_alike.values())


def _groupable(value: object) -> bool:
    return isinstance(value, str | bool | int)


def _well(case: Case, outcome: Outcome) -> bool:
    if case.kind == "unanswerable":
        return outcome.abstained
    return not outcome.abstained and right(case, outcome.text)
