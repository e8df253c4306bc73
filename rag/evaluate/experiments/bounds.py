"""Bounds that a run must keep, for continuous integration: a TOML file of measures and their least value.

[bounds]
"nDCG@10" = 0.85                     # the mean itself
Correct = { least = 0.7, sure = true }    # the lower end of its interval
"ms.total.p95" = { most = 500 }      # cost, from the report's own table
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.as_toml import parsed_toml
from rag.errors import ConfigError
from rag.evaluate.measures import measure

if TYPE_CHECKING:
    from rag.evaluate.result import Run

_STATISTICS = ("mean", "median", "p95")


class Bound(NamedTuple):
    """`least` and `most` bound a figure; `sure` holds the interval's end against them and not the mean."""

    name: str
    least: float | None = None
    most: float | None = None
    sure: bool = False


class Check(NamedTuple):
    """A bound and what the run has: `value` is None where the run has no such figure, which fails too."""

    bound: Bound
    value: float | None

    @property
    def passed(self) -> bool:
        if self.value is None:
            return False
        low, high = self.bound.least, self.bound.most
        return (low is None or self.value >= low) and (high is None or self.value <= high)

    def __str__(self) -> str:
        bound = self.bound
        wanted = [f"≥ {bound.least:g}"] if bound.least is not None else []
        wanted += [f"≤ {bound.most:g}"] if bound.most is not None else []
        value = "not in this run" if self.value is None else f"{self.value:.4g}"
        sure = " (end of the interval)" if bound.sure else ""
        return f"{bound.name} {value}{sure}, expected {' and '.join(wanted)}"


def read_bounds(path: str | Path) -> list[Bound]:
    """The bounds of a file. Raises ConfigError where it cannot be read or holds something else."""
    path = Path(path)
    try:
        tree = parsed_toml(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): expected a file of bounds") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    rows = tree.get("bounds")
    if not isinstance(rows, dict) or not rows:
        raise ConfigError(f'{path} has no bounds: expected a section [bounds] with such as "nDCG@10" = 0.8')
    return [_bound(name, value, f"{path}: {name}") for name, value in rows.items()]


def check(run: Run, bounds: list[Bound]) -> list[Check]:
    """Every bound beside the run's figure."""
    return [Check(bound, _value(run, bound)) for bound in bounds]


def measured_by(bounds: list[Bound]) -> list[str]:
    """The measures that bounds name, which a run then has to take."""
    return [measure(bound.name).name for bound in bounds if not _of_cost(bound.name)]


def _bound(name: str, value: Any, where: str) -> Bound:
    if not _of_cost(name):
        name = measure(name).name
    if isinstance(value, Mapping):
        unknown = set(value) - {"least", "most", "sure"}
        numbers = [value[key] for key in ("least", "most") if key in value]
        if unknown or not numbers or not all(_number(number) for number in numbers):
            raise ConfigError(f"{where} is {dict(value)!r}, expected least, most or both, and perhaps sure")
        return Bound(name, value.get("least"), value.get("most"), bool(value.get("sure", False)))
    if not _number(value):
        raise ConfigError(f"{where} is {value!r}, expected a number")
    return Bound(name, least=float(value))


def _value(run: Run, bound: Bound) -> float | None:
    if _of_cost(bound.name):
        _, stage, statistic = bound.name.split(".")
        return run.cost.get(stage, {}).get(statistic)
    mean = run.summary.get(bound.name)
    if mean is None:
        return None
    if bound.sure:
        return mean.low if bound.least is not None else mean.high
    return mean.mean


def _of_cost(name: str) -> bool:
    parts = name.split(".")
    if parts[0] != "ms":
        return False
    if len(parts) != 3 or parts[2] not in _STATISTICS:
        raise ConfigError(f"{name!r} is no cost: expected ms.STAGE.STATISTIC, such as ms.total.p95")
    return True


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
