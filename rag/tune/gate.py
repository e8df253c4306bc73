"""The gate: a tuned part is adopted only where it is proven better, and nothing else is proven worse.

Two runs over the held-out questions, without the part and with it, are paired question by question
(`rag.evaluate`). With the difference d = with − without and its 95 % interval [low, high]:

    gain     one measure, named beforehand:   low > 0 and p < .05
    guards   all others that both runs have:  fallen where high < 0 and p < .05
    sources  the share of held-out questions that is declined when their documents are hidden, of parts that
             write: fallen as the others, so a model that learned answers by heart is refused
    time     fallen where the part makes a question longer by more than half, and by 50 ms: low of the
             paired difference in milliseconds over both
    size     fallen where the part takes more than its limit

A guard is not corrected for how many there are: too many of them refuse a part too easily, which is the safe
side. A gain that is not proven says how many questions would decide it. So of parts that change nothing but
chance, at most one in forty is adopted. Sources: those of `rag.evaluate.statistics`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from rag.counts import counted
from rag.errors import ConfigError
from rag.evaluate.paired import Row, compare
from rag.evaluate.report.tables import aligned
from rag.evaluate.result import Run
from rag.evaluate.statistics import Difference, difference

FROM_MEMORY = "Declined without its documents"
GUARDS = ("nDCG@10", "Correct", "Answered", "AbstainR", "Support", "CiteP")
"""What must not fall: the ranking, right answers, answers and refusals where they are due, proof."""
_ALPHA = 0.05
_SLOWER = 0.5
_LEAST_MS = 50.0


class Guard(NamedTuple):
    """One thing that must not fall; `without` and `with_part` are means, in milliseconds or megabytes too."""

    measure: str
    without: float
    with_part: float
    difference: Difference | None
    fell: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the held-out questions say of a part. `kept` where there was nothing to ask: why, in words."""

    gain: Row | None
    guards: tuple[Guard, ...] = ()
    questions: int = 0
    nothing: str = ""

    @property
    def adopted(self) -> bool:
        """Whether the part is proven better and no guard fell."""
        return self.gain is not None and _better(self.gain.difference) and not self.fallen

    @property
    def fallen(self) -> list[str]:
        """The guards that fell."""
        return [guard.measure for guard in self.guards if guard.fell]

    @property
    def reason(self) -> str:
        """Why, in one clause."""
        if self.gain is None:
            return self.nothing
        change = self.gain.difference
        interval = f"{change.mean:+.3f} [{change.low:+.3f}, {change.high:+.3f}]"
        if self.fallen:
            return f"{', '.join(self.fallen)} fell"
        if _better(change):
            return f"{self.gain.measure} {interval} is proven, and no guard fell"
        if change.high < 0:
            return f"{self.gain.measure} {interval} is worse"
        more = f"; about {counted(change.needed, 'held-out question')} would decide" if change.needed else ""
        return f"{self.gain.measure} {interval} is not proven{more}"

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        gain = self.gain
        return {
            "adopted": self.adopted,
            "reason": self.reason,
            "questions": self.questions,
            "gain": gain
            and {
                "measure": gain.measure,
                "without": gain.a,
                "with": gain.b,
                "difference": gain.difference._asdict(),
            },
            "guards": {
                guard.measure: {
                    "without": guard.without,
                    "with": guard.with_part,
                    "difference": guard.difference and guard.difference._asdict(),
                    "fell": guard.fell,
                }
                for guard in self.guards
            },
        }

    def __str__(self) -> str:
        head = f"{'adopted' if self.adopted else 'discarded'}: {self.reason}"
        if self.gain is None:
            return head
        rows: list[tuple[str, ...]] = [("measure", "without", "with", "difference", "95 % interval", "p", "")]
        rows.append(_row(self.gain.measure, self.gain.a, self.gain.b, self.gain.difference, "the gain"))
        rows += [
            _row(
                guard.measure,
                guard.without,
                guard.with_part,
                guard.difference,
                "fell" if guard.fell else "holds",
            )
            for guard in self.guards
        ]
        return f"{head}\n{counted(self.questions, 'held-out question')}, paired\n\n{aligned(rows)}"


def judge(
    without: Run,
    with_part: Run,
    gain: str,
    *,
    sizes: Mapping[str, tuple[float, float]] | None = None,
    timed: bool = True,
    hidden: tuple[Run, Run] | None = None,
) -> Verdict:
    """The verdict of two runs over the same held-out questions.

    `gain` is the measure that was to rise. `sizes` are (megabytes of the part, most that it may take) by what
    is told. `timed` is False where the two runs did not have the machine alike. `hidden` are two runs over
    questions whose documents are hidden. Raises ConfigError where the runs did not measure the gain.
    """
    compared = compare(without, with_part, ("without", "with"))
    rows = {row.measure: row for row in compared.rows}
    if gain not in rows:
        raise ConfigError(f"{gain} was not measured: the questions give {', '.join(rows) or 'nothing'}")
    guards = [
        Guard(row.measure, row.a, row.b, row.difference, _worse(row.difference))
        for name, row in rows.items()
        if name in GUARDS and name != gain
    ]
    if hidden:
        row = next(row for row in compare(*hidden, ("without", "with")).rows if row.measure == "Correct")
        guards.append(Guard(FROM_MEMORY, row.a, row.b, row.difference, _worse(row.difference)))
    if timed:
        guards.append(_time(without, with_part))
    guards += [Guard(what, 0.0, used, None, used > most) for what, (used, most) in (sizes or {}).items()]
    return Verdict(rows[gain], tuple(guards), compared.questions)


def _time(without: Run, with_part: Run) -> Guard:
    ms = [{outcome.id: outcome.ms["total"] for outcome in run.outcomes} for run in (without, with_part)]
    ids = [case_id for case_id in ms[0] if case_id in ms[1]]
    before, after = ([row[case_id] for case_id in ids] for row in ms)
    change = difference(before, after)
    mean = sum(before) / len(before)
    fell = change.low > max(_SLOWER * mean, _LEAST_MS)
    return Guard("ms a question", mean, sum(after) / len(after), change, fell)


def _better(change: Difference) -> bool:
    return change.low > 0 and change.p < _ALPHA


def _worse(change: Difference) -> bool:
    return change.high < 0 and change.p < _ALPHA


def _row(name: str, a: float, b: float, change: Difference | None, verdict: str) -> tuple[str, ...]:
    form = ".1f" if name.startswith(("ms", "MB")) else ".3f"
    if change is None:
        return name, f"{a:{form}}", f"{b:{form}}", "", "", "", verdict
    interval = f"{change.low:+{form}} to {change.high:+{form}}"
    return name, f"{a:{form}}", f"{b:{form}}", f"{change.mean:+{form}}", interval, f"{change.p:.4f}", verdict
