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
                "test": figure.test,
                "level": figure.level,
                "right": figure.right._asdict(),
                "difference": figure.lost._asdict(),
                "attack": figure.attack._asdict() if figure.attack else None,
            }
            for figure in self.figures
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
                figure.test,
                figure.level,
                f"{figure.right.mean:.3f}",
                f"{figure.lost.mean:+.3f}",
                f"{figure.lost.low:+.3f} to {figure.lost.high:+.3f}",
                f"{figure.lost.p:.4f}",
                f"{figure.attack.mean:.3f}" if figure.attack else "",
            )
            for figure in self.figures
        ]
        head = ("disturbance", "level", "right", "change", "95 % interval", "p", "attack succeeds")
        mean = self.base
        summary = (
            f"{self.name}: {mean.mean:.3f} right undisturbed [{mean.low:.3f}, {mean.high:.3f}], n={mean.n:,}"
        )
        return f"{summary}\n\n{aligned([head, *rows])}\nreport: {self.folder / 'stress.html'}"
