"""What an ablation finds: one effect a variant, with what it gains, what it costs, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rag.counts import counted
from rag.evaluate.paired import Comparison, Row
from rag.evaluate.report.tables import aligned
from rag.evaluate.result import Run
from rag.evaluate.running.load import Load
from rag.evaluate.statistics import Difference

PAGE = "ablation.html"
_ALPHA = 0.05
_WATCHED = ("Correct", "Contains", "AbstainR", "CiteP", "nDCG@10")


class Variant(NamedTuple):
    """One change to the pipeline: `without duplicates`, `with mmr`, `dense for hybrid`.

    `parts` are what runs, by name or as made; `settings` are the same in words, to be written down.
    """

    name: str
    settings: Mapping[str, Any]
    parts: Mapping[str, Any]


class Effect(NamedTuple):
    """What a variant does to the measure that counts (variant − pipeline), and to the time of a question.

    `ms`: milliseconds a question, variant − pipeline, both asked in turn (`timing.py`).
    """

    variant: Variant
    row: Row
    holm: float
    ms: Difference
    comparison: Comparison

    @property
    def verdict(self) -> str:
        """In words, for somebody who decides what to keep."""
        if self.row.difference.decided and self.holm < _ALPHA:
            return "proven better" if self.row.difference.mean > 0 else "proven worse"
        if not self.row.difference.mean:
            return "no difference"
        needed = self.row.difference.needed
        return f"undecided; about {counted(needed, 'question')} would decide" if needed else "undecided"

    @property
    def harms(self) -> bool:
        """Whether it is proven worse on another measure that is watched."""
        rows = [row for row in self.comparison.rows if row.measure in _WATCHED]
        return any(row.proven and row.difference.mean < 0 for row in rows)


@dataclass(frozen=True, slots=True)
class Ablation:
    """`measure` is the one that counts; `skipped` says why a stage could not be tried."""

    measure: str
    base: Run
    effects: tuple[Effect, ...]
    skipped: Mapping[str, str]
    winner: Mapping[str, Any]
    folder: Path
    load: Load

    @property
    def passed(self) -> bool:
        """An ablation has nothing to fail."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "measure": self.measure,
            "base": self.base.to_dict(),
            "variants": {
                effect.variant.name: {
                    "settings": dict(effect.variant.settings),
                    "verdict": effect.verdict,
                    "holm": effect.holm,
                    "ms": effect.ms._asdict(),
                    "measures": effect.comparison.to_dict()["measures"],
                }
                for effect in self.effects
            },
            "skipped": dict(self.skipped),
            "other_processes": self.load.others,
            "winner": dict(self.winner),
            "folder": str(self.folder),
        }

    def __str__(self) -> str:
        mean = self.base.summary[self.measure]
        rows = [
            (
                effect.variant.name,
                f"{effect.row.b:.3f}",
                f"{effect.row.difference.mean:+.3f}",
                f"{effect.row.difference.low:+.3f} to {effect.row.difference.high:+.3f}",
                f"{effect.holm:.3f}",
                f"{effect.ms.mean:+.0f}",
                f"{effect.ms.low:+.0f} to {effect.ms.high:+.0f}",
                effect.verdict + ("; worse on other measures" if effect.harms else ""),
            )
            for effect in sorted(self.effects, key=lambda effect: -effect.row.difference.mean)
        ]
        head = ("variant", self.measure, "gain", "95 % interval", "p (Holm)", "ms", "95 % interval", "")
        lines = [
            f"{self.base.questions.name}: {self.measure} {mean.mean:.3f} as configured, n={mean.n:,}",
            "",
            aligned([head, *rows]),
        ]
        lines.append(f"ms: what a question takes longer, asked in turn; {self.load}")
        lines += not_tried(self.skipped)
        lines.append(
            f"proven better: {self.folder / 'winner.toml'}" if self.winner else "nothing is proven better"
        )
        lines.append(f"report: {self.folder / PAGE}")
        return "\n".join(lines)


def not_tried(skipped: Mapping[str, str]) -> list[str]:
    """One line a reason, with all that it kept from being tried."""
    reasons: dict[str, list[str]] = {}
    for name, reason in skipped.items():
        reasons.setdefault(reason, []).append(name)
    return [f"not tried: {', '.join(names)} ({reason})" for reason, names in reasons.items()]
