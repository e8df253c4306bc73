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
    told = f"{row['ms']:.0f} ms" if "ms" in row else ""
    if row["hits"] < 9.95:
        told += f", {row['hits']:.1f} hits"
    return told + (f", {row['tokens left']:.0%}".replace("%", " %") if "tokens left" in row else "")


def table(result: Mapping[str, Rows], cell: Callable[[Mapping[str, Any]], str], sets: Sequence[str]) -> str:
    """One row a stage, one column a set."""
    stages = [stage for stage in VARIANTS if any(stage in result[name] for name in sets)]
    if cell is found:  # neither an order for the generator nor a shorter text changes what is found
        stages = [stage for stage in stages if not VARIANTS[stage].reorder and stage != "compress"]
    lines = [
        "| stage | " + " | ".join(f"`{name}`" for name in sets) + " |",
        "|---" * (len(sets) + 1) + "|",
    ]
    for stage in stages:
        shown = [cell(result[name][stage]) if stage in result[name] else "" for name in sets]
        label = stage if " " in stage or stage == "plain" else f"`{stage}`"
        lines.append(f"| {label} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def found(row: Mapping[str, Any]) -> str:
    """nDCG@10 of the plain row, and its change in all others."""
    return change(row["change of nDCG@10"]) if "change of nDCG@10" in row else f"{row['nDCG@10']:.3f}"


def right(row: Mapping[str, Any]) -> str:
    """The same for the share of right answers."""
    return change(row["change of right"]) if "change of right" in row else f"{row['right']:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    options = parser.parse_args()
    result: Mapping[str, Rows] = json.loads(options.results.read_text("utf-8"))
    sets = [name for name in SETS if name in result]
    print(f"Change of nDCG@10\n\n{table(result, found, sets)}\n")
    answered = [name for name in sets if "right" in result[name]["plain"]]
    print(f"Change of the share of right answers\n\n{table(result, right, answered)}\n")
    print(f"Costs\n\n{table(result, costs, sets)}")


if __name__ == "__main__":
    main()
