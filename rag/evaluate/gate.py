"""Is the pipeline still as good as the run that was kept? For a user's own continuous integration.

For the difference d = now − baseline of a measure, with its 95 % interval [low, high] and the margin e
(`min_effect`), the smallest fall that matters:

    holds        low > −e: a fall of e or more is ruled out
    worse        otherwise, and d < 0 is proven (p corrected by Holm's method over the measures that count)
    undecided    otherwise: such a fall can neither be ruled out nor proven on so few questions

The first is a test of non-inferiority. Source: Piaggio and others, Reporting of Noninferiority and
Equivalence Randomized Trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from xml.etree import ElementTree

from rag.counts import counted
from rag.errors import ConfigError
from rag.evaluate.report.tables import aligned

from .paired import Row, compare
from .result import Run
from .statistics import holm

COUNTED = ("Correct", "nDCG@10", "CiteP", "Support", "AbstainR")
"""Measures that count where none is named, of those that both runs have."""
MIN_EFFECT = 0.02
_ALPHA = 0.05
Verdict = Literal["holds", "worse", "undecided"]


class Held(NamedTuple):
    """One measure: the rows of the comparison, and what comes of it."""

    row: Row
    verdict: Verdict

    def __str__(self) -> str:
        difference = self.row.difference
        change = f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"
        summary = f"{self.row.a:.3f} → {self.row.b:.3f} ({change})"
        more = f"; about {counted(difference.needed, 'question')} would decide" if difference.needed else ""
        return summary + (more if self.verdict == "undecided" else "")


@dataclass(frozen=True, slots=True)
class Gate:
    """`measures` in the order asked for; `baseline` names the run that was kept."""

    name: str
    baseline: str
    min_effect: float
    questions: int
    measures: tuple[Held, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the measures' verdicts."""
        verdicts = {held.verdict for held in self.measures}
        return "worse" if "worse" in verdicts else "undecided" if "undecided" in verdicts else "holds"

    @property
    def passed(self) -> bool:
        return self.verdict == "holds"

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "questions": self.questions,
            "baseline": self.baseline,
            "min_effect": self.min_effect,
            "verdict": self.verdict,
            "measures": {
                held.row.measure: {
                    "verdict": held.verdict,
                    "baseline": held.row.a,
                    "now": held.row.b,
                    "difference": held.row.difference._asdict(),
                    "holm": held.row.holm,
                }
                for held in self.measures
            },
        }

    def __str__(self) -> str:
        rows = [(held.verdict, held.row.measure, str(held)) for held in self.measures]
        asked = counted(self.questions, "question")
        head = f"{self.name}: {self.verdict}, beside {self.baseline}; {asked}, paired"
        return f"{head}; a fall of {self.min_effect:g} matters\n\n{aligned(rows)}"

    def markdown(self) -> str:
        """A table for a comment on a change."""
        asked = counted(self.questions, "question")
        lines = [
            f"**{self.name}: {self.verdict}** ({asked}, paired with `{self.baseline}`; "
            f"a fall of {self.min_effect:g} matters)",
            "",
            "| measure | baseline | now | change | 95 % interval | verdict |",
            "|---|---|---|---|---|---|",
        ]
        for held in self.measures:
            row, difference = held.row, held.row.difference
            lines.append(
                f"| {row.measure} | {row.a:.3f} | {row.b:.3f} | {difference.mean:+.3f} | "
                f"{difference.low:+.3f} to {difference.high:+.3f} | {held.verdict} |"
            )
        return "\n".join(lines) + "\n"

    def junit(self) -> str:
        """JUnit XML: one case a measure, failed where it is worse, skipped where it is undecided."""
        count = [held.verdict for held in self.measures]
        suite = ElementTree.Element(
            "testsuite",
            name=f"rag eval gate {self.name}",
            tests=str(len(count)),
            failures=str(count.count("worse")),
            skipped=str(count.count("undecided")),
            errors="0",
        )
        for held in self.measures:
            case = ElementTree.SubElement(suite, "testcase", name=held.row.measure, classname=self.name)
            if held.verdict != "holds":
                kind = "failure" if held.verdict == "worse" else "skipped"
                ElementTree.SubElement(case, kind, message=f"{held.verdict}: {held}")
        ElementTree.indent(suite)
        return ElementTree.tostring(suite, "unicode", xml_declaration=True) + "\n"


def gate(
    baseline: Run,
    now: Run,
    *,
    measures: Sequence[str] = (),
    min_effect: float = MIN_EFFECT,
    allow_other: bool = False,
) -> Gate:
    """Holds a run against a kept one. `measures` count, else those of `COUNTED` that both have.

    Raises ConfigError where the runs were made over other documents or other questions (unless
    `allow_other`), where a measure is not in both, and for a `min_effect` that is not between 0 and 1.
    """
    if not 0 <= min_effect < 1:
        raise ConfigError(f"min-effect is {min_effect:g}, expected from 0 to under 1, such as 0.02")
    if not allow_other:
        _refuse_other(baseline, now)
    rows = {row.measure: row for row in compare(baseline, now, ("the baseline", "this run")).rows}
    named = list(measures) or [name for name in COUNTED if name in rows]
    if missing := [name for name in named if name not in rows]:
        raise ConfigError(f"{', '.join(missing)} not in both runs: they share {', '.join(rows)}")
    if not named:
        raise ConfigError(f"the runs share none of {', '.join(COUNTED)}: name what counts with --measure")
    corrected = holm([rows[name].difference.p for name in named])
    held = [rows[name]._replace(holm=p) for name, p in zip(named, corrected, strict=True)]
    verdicts = tuple(Held(row, _verdict(row, min_effect)) for row in held)
    shared = {case.id for case in baseline.questions} & {case.id for case in now.questions}
    return Gate(now.questions.name, str(baseline.folder or "baseline"), min_effect, len(shared), verdicts)


def _verdict(row: Row, min_effect: float) -> Verdict:
    difference = row.difference
    if difference.low > -min_effect or not difference.mean:
        return "holds"
    return "worse" if difference.high < 0 and row.holm < _ALPHA else "undecided"


def _refuse_other(baseline: Run, now: Run) -> None:
    for what, name in (("documents", "index"), ("questions", "questions")):
        old, new = (run.identity.get(name, {}).get("fingerprint") for run in (baseline, now))
        if old != new:
            raise ConfigError(
                f"the baseline was made over other {what} ({old}) than this run ({new}): make a new baseline "
                "with `rag eval run QA --out FOLDER`, or give --allow-other to compare all the same"
            )
