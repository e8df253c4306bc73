"""Two runs over the same questions, paired: what the second gains, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from rag.counts import counted
from rag.errors import ConfigError
from rag.evaluate.report.tables import aligned

from .figures import Figures
from .statistics import Difference, difference, holm

_ALPHA = 0.05
_UNPAIRED = ("AbstainP",)  # a question declined by both is judged alike in both: there is nothing to pair


class Row(NamedTuple):
    """One measure in both runs; `difference` is B − A, `holm` its p-value corrected for all the rows."""

    measure: str
    a: float
    b: float
    difference: Difference
    holm: float

    @property
    def proven(self) -> bool:
        """Whether the two differ, the number of measures taken into account."""
        return self.difference.decided and self.holm < _ALPHA

    @property
    def verdict(self) -> str:
        """In words: better, worse, no difference, or undecided and how many questions would decide.

        With ten measures side by side, one of them differs by chance far more often than once in twenty
        times; so what counts is the corrected p-value, and equal systems are told apart in 5 % of
        comparisons at most, however many measures they have.
        """
        if self.proven:
            return "B is better" if self.difference.mean > 0 else "B is worse"
        if not self.difference.mean:
            return "no difference"
        if self.difference.decided:
            return "undecided; it differs alone, but not among so many measures"
        needed = self.difference.needed
        return f"undecided; about {counted(needed, 'question')} would decide" if needed else "undecided"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`rows`: a row a measure that both runs have. `questions`: how many they share."""

    a: str
    b: str
    questions: int
    rows: tuple[Row, ...]

    def __getitem__(self, measure: str) -> Row:
        for row in self.rows:
            if row.measure == measure:
                return row
        raise ConfigError(
            f"{measure!r} is not in both runs: they share {', '.join(r.measure for r in self.rows)}"
        )

    @property
    def passed(self) -> bool:
        """A comparison has nothing to fail."""
        return True

    def __str__(self) -> str:
        rows = [
            (
                row.measure,
                f"{row.a:.3f}",
                f"{row.b:.3f}",
                f"{row.difference.mean:+.3f}",
                f"{row.difference.low:+.3f} to {row.difference.high:+.3f}",
                f"{row.holm:.4f}",
                row.verdict,
            )
            for row in self.rows
        ]
        head = ("measure", "A", "B", "B − A", "95 % interval", "p (Holm)", "")
        asked = counted(self.questions, "question")
        return f"A: {self.a}\nB: {self.b}\n{asked}, paired\n\n{aligned([head, *rows])}"

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "a": self.a,
            "b": self.b,
            "questions": self.questions,
            "measures": {
                row.measure: {
                    "a": row.a,
                    "b": row.b,
                    "difference": row.difference._asdict(),
                    "holm": row.holm,
                    "verdict": row.verdict,
                }
                for row in self.rows
            },
        }


def compare(a: Figures, b: Figures, names: tuple[str, str] = ("A", "B")) -> Comparison:
    """Pairs two runs by question: a measure is compared over the questions it applies to in both.

    Raises ConfigError where the runs share no question, or ask another one under the same id.
    """
    shared = {case.id: case for case in a.questions}
    both = {case.id for case in b.questions if shared.get(case.id) is not None}
    changed = [c.id for c in b.questions if c.id in both and c.question != shared[c.id].question]
    if not both or changed:
        what = f"{changed[0]!r} asks something else" if changed else "they share no question"
        raise ConfigError(f"{names[0]} and {names[1]} cannot be compared: {what}; run both on the same set")
    common = {measure.name for measure in b.measures}
    unpaired = set(_UNPAIRED)
    if a.judging and b.judging and a.judging.judge != b.judging.judge:
        unpaired.add("Judge")  # two judges do not measure the same
    measured = [
        measure.name for measure in a.measures if measure.name in common and measure.base not in unpaired
    ]
    seed = int(a.identity.get("seed", 0))
    compared: list[tuple[str, float, float, Difference]] = []
    for name in measured:
        left, right = a.values(name), b.values(name)
        ids = [case_id for case_id in left if case_id in right]
        if ids:
            x, y = [left[case_id] for case_id in ids], [right[case_id] for case_id in ids]
            compared.append((name, sum(x) / len(x), sum(y) / len(y), difference(x, y, seed=seed)))
    corrected = holm([row[3].p for row in compared])
    rows = tuple(Row(*row, p) for row, p in zip(compared, corrected, strict=True))
    return Comparison(*names, len(both), rows)
