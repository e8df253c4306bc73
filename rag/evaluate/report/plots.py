"""A run drawn with matplotlib, for notebooks and papers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rag.evaluate.figures import Figures


def figures(run: Figures) -> dict[str, Figure]:
    """`measures`, and where the run has them `risk_coverage`, `reliability`, `time`, and `by <field>`.

    Raises MissingExtra without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("a plot", "eval") from None

    def new(title: str) -> Figure:
        figure = Figure(figsize=(6.4, 4), layout="constrained")
        figure.add_subplot(title=title)
        return figure

    drawn = {"measures": new("Measures, with 95 % intervals")}
    axes = drawn["measures"].axes[0]
    names = list(run.summary)[::-1]
    means = [run.summary[name] for name in names]
    spans = [[mean.mean - mean.low for mean in means], [mean.high - mean.mean for mean in means]]
    axes.errorbar([mean.mean for mean in means], names, xerr=spans, fmt="o")
    axes.set_xlim(0, 1)
    if run.curve.points:
        drawn["risk_coverage"] = new("Risk and coverage")
        axes = drawn["risk_coverage"].axes[0]
        axes.plot([point[0] for point in run.curve.points], [point[1] for point in run.curve.points])
        axes.set(
            xlabel="share of questions answered", ylabel="share of them wrong", xlim=(0, 1), ylim=(0, None)
        )
    if run.calibration.bins:
        drawn["reliability"] = new(f"Reliability, ECE {run.calibration.ece:.3f}")
        axes, bins = drawn["reliability"].axes[0], run.calibration.bins
        spans = [[b.right.mean - b.right.low for b in bins], [b.right.high - b.right.mean for b in bins]]
        axes.plot([0, 1], [0, 1], linestyle="--")
        axes.errorbar([b.confidence for b in bins], [b.right.mean for b in bins], yerr=spans, fmt="o")
        axes.set(xlabel="confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    stages = {name: row["mean"] for name, row in run.cost.items() if name not in ("total", "tokens")}
    if stages:
        drawn["time"] = new("Time by stage")
        axes = drawn["time"].axes[0]
        axes.barh(list(stages)[::-1], list(stages.values())[::-1])
        axes.set_xlabel("milliseconds a question")
    for field, rows in run.groups.items():
        name = next(
            (measure for measure in ("Correct", "nDCG@10") if all(measure in row for row in rows.values())),
            None,
        )
        if name:
            drawn[f"by {field}"] = new(f"{name} by {field}")
            values = [row[name] for row in rows.values()]
            spans = [[mean.mean - mean.low for mean in values], [mean.high - mean.mean for mean in values]]
            drawn[f"by {field}"].axes[0].bar(list(rows), [mean.mean for mean in values], yerr=spans)
    return drawn
