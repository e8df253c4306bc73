"""What came of a stress test: the share answered right undisturbed, and under each disturbance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rag.evaluate.report.tables import aligned
from rag.evaluate.statistics import Difference, Mean


class Figure(NamedTuple):
    """The share answered right, what the disturbance cost (paired), and how often the attack succeeded."""

    test: str
    level: str
    right: Mean
    lost: Difference
    attack: Mean | None


@dataclass(frozen=True, slots=True)
class Stress:
    """`base` is the share answered right undisturbed."""

    name: str
    base: Mean
    figures: tuple[Figure, ...]
    folder: Path

    @property
    def passed(self) -> bool:
        """There is nothing to fail."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        rows = [
            {
                "test": one.test,
                "level": one.level,
                "right": one.right._asdict(),
                "difference": one.lost._asdict(),
                "attack": one.attack._asdict() if one.attack else None,
            }
            for one in self.figures
        ]
        return {
            "questions": self.name,
            "base": self.base._asdict(),
            "figures": rows,
            "folder": str(self.folder),
        }

    def __str__(self) -> str:
        rows = [
            (
                one.test,
                one.level,
                f"{one.right.mean:.3f}",
                f"{one.lost.mean:+.3f}",
                f"{one.lost.low:+.3f} to {one.lost.high:+.3f}",
                f"{one.lost.p:.4f}",
                f"{one.attack.mean:.3f}" if one.attack else "",
            )
            for one in self.figures
        ]
        head = ("disturbance", "level", "right", "change", "95 % interval", "p", "attack succeeds")
        mean = self.base
        told = (
            f"{self.name}: {mean.mean:.3f} right undisturbed [{mean.low:.3f}, {mean.high:.3f}], n={mean.n:,}"
        )
        return f"{told}\n\n{aligned([head, *rows])}\nreport: {self.folder / 'stress.html'}"
