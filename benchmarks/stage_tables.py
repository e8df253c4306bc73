"""The tables of `docs/stages.md`, from the results of `benchmarks.stages`: Markdown on standard output.

    python -m benchmarks.stage_tables benchmarks/results/stages.json

A change is the mean paired difference from plain retrieval with its 95 % interval: bold where that lies off
zero, 0 where no question changed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.stages import SETS, VARIANTS

Rows = Mapping[str, Mapping[str, Any]]
MEASURES = {"nDCG@10": "change of nDCG@10", "right": "change of right"}
_MINUS = "\u2212"


def signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", _MINUS)


def change(values: Sequence[float] | None) -> str:
    if values is None:
        return ""
    if not any(values):
        return "0"
    mean, low, high = values
    told = f"{signed(mean)} [{signed(low)}, {signed(high)}]"
    return f"**{told}**" if low > 0 or high < 0 else told


def costs(row: Mapping[str, Any]) -> str:
    """Milliseconds, and what is left where a stage leaves less."""
    told = f"{row['ms']:.0f} ms"
    if row["hits"] < 9.95:
        told += f", {row['hits']:.1f} hits"
    return told + (f", {row['tokens left']:.0%}".replace("%", " %") if "tokens left" in row else "")


def table(result: Mapping[str, Rows], cell: Callable[[Mapping[str, Any]], str], sets: Sequence[str]) -> str:
    """One row a stage, one column a set; stages that nowhere have anything to show are left out."""
    stages = [stage for stage in VARIANTS if any(stage in result[name] for name in sets)]
    lines = [
        "| stage | " + " | ".join(f"`{name}`" for name in sets) + " |",
        "|---" * (len(sets) + 1) + "|",
    ]
    for stage in stages:
        shown = [cell(result[name][stage]) if stage in result[name] else "" for name in sets]
        if any(shown):
            label = stage if " " in stage or stage == "plain" else f"`{stage}`"
            lines.append(f"| {label} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def measure(shown: str) -> Callable[[Mapping[str, Any]], str]:
    """A cell with the measure of the plain row, and its change in all others."""

    def cell(row: Mapping[str, Any]) -> str:
        key = MEASURES[shown]
        return change(row[key]) if key in row else f"{row[shown]:.3f}" if shown in row else ""

    return cell


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    options = parser.parse_args()
    result: Mapping[str, Rows] = json.loads(options.results.read_text("utf-8"))
    sets = [name for name in SETS if name in result]
    print(f"Change of nDCG@10\n\n{table(result, measure('nDCG@10'), sets)}\n")
    answered = [name for name in sets if "right" in result[name]["plain"]]
    print(f"Change of the share of right answers\n\n{table(result, measure('right'), answered)}\n")
    print(f"Costs\n\n{table(result, costs, sets)}")


if __name__ == "__main__":
    main()
