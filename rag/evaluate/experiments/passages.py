"""Answers over the number of passages: more hits bring the answer in, and then distraction.

Every question is asked with k = 1, 2, 5, … hits, and with every named order of them. The curve of a strong
reader rises to a plateau; that of one that is distracted rises and falls. Each point is compared, paired,
with the best k of the same order, so that the fall is told as proven or not. `widest` is the largest k that
is not proven worse than that best one: the context that this generator can use.
Source: Jin, Yoon, Han and Arik, Long-Context LLMs Meet RAG: Overcoming Challenges for Long Inputs in RAG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from rag.errors import ConfigError
from rag.evaluate.paired import compare
from rag.evaluate.questions.cases import QuestionSet
from rag.evaluate.report import charts
from rag.evaluate.report.page import document, section
from rag.evaluate.report.tables import aligned
from rag.evaluate.result import Run
from rag.evaluate.run import Options
from rag.evaluate.running.journal import write_json
from rag.evaluate.statistics import Difference, Mean
from rag.terminal import html_safe

from .variant_runs import variant_runs

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

PAGE = "passages.html"


class Point(NamedTuple):
    """One k under one order: the measure, tokens of the hits a question, and the change from the best k."""

    reorder: str
    k: int
    value: Mean
    tokens: float
    change: Difference


@dataclass(frozen=True, slots=True)
class Passages:
    """`points` by order and rising k; `measure` is `Correct`, or `nDCG@10` where there are no answers."""

    name: str
    measure: str
    points: tuple[Point, ...]
    folder: Path

    @property
    def passed(self) -> bool:
        """A curve has nothing to fail."""
        return True

    def best(self, reorder: str) -> Point:
        """The point of an order with the highest value; of equal ones that with the fewest hits."""
        return max(
            (point for point in self.points if point.reorder == reorder), key=lambda p: (p.value.mean, -p.k)
        )

    def widest(self, reorder: str) -> int:
        """The largest k that is not proven worse than the best one of the order."""
        return max(
            point.k
            for point in self.points
            if point.reorder == reorder and not (point.change.decided and point.change.mean < 0)
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "questions": self.name,
            "measure": self.measure,
            "points": [
                {
                    "reorder": point.reorder,
                    "k": point.k,
                    "value": point.value._asdict(),
                    "tokens": point.tokens,
                    "change": point.change._asdict(),
                }
                for point in self.points
            ],
            "widest": {name: self.widest(name) for name in self.orders},
            "folder": str(self.folder),
        }

    @property
    def orders(self) -> list[str]:
        """The orders, as named."""
        return list(dict.fromkeys(point.reorder for point in self.points))

    def __str__(self) -> str:
        head = ("order", "k", self.measure, "95 % interval", "tokens", "from the best k", "95 % interval", "")
        rows = [head]
        for point in self.points:
            change = point.change
            proven = "worse" if change.decided and change.mean < 0 else ""
            rows.append(
                (
                    point.reorder,
                    str(point.k),
                    f"{point.value.mean:.3f}",
                    f"{point.value.low:.3f} to {point.value.high:.3f}",
                    f"{point.tokens:,.0f}",
                    f"{change.mean:+.3f}",
                    f"{change.low:+.3f} to {change.high:+.3f}",
                    proven,
                )
            )
        summary = [
            f"{name}: best at k = {self.best(name).k}, good up to {self.widest(name)}" for name in self.orders
        ]
        return "\n".join([aligned(rows), "", *summary, f"report: {self.folder / PAGE}"])


def passages(
    rag: Pipeline,
    questions: QuestionSet | str | Path,
    ks: Sequence[int],
    orders: Sequence[str] = (),
    **options: Unpack[Options],
) -> Passages:
    """Runs every k under every order. Options are those of `evaluate`, but `k`.

    `orders` name stages of the kind `reorder`; none is the pipeline's own. Raises ConfigError for a k of 0.
    """
    wanted = sorted(set(ks))
    if not wanted or wanted[0] < 1:
        raise ConfigError(f"--curve is {', '.join(map(str, ks))}, expected numbers of hits such as 1,2,5,10")
    if options.pop("k", None) is not None:
        raise ConfigError("--curve says how many hits: leave -k out")
    points: list[Point] = []
    out = options.get("out")
    measure, folder, name = "", Path(out) if out else None, ""
    with variant_runs(rag, questions, **options) as runs:
        for order in orders or ("as configured",):
            pipeline = runs.pipeline if not orders else runs.pipeline.variant(reorder=[order])
            done = {k: runs.run(f"{order} {k}", pipeline.variant({"search.k": k})) for k in wanted}
            first = next(iter(done.values()))
            measure = next((measured for measured in ("Correct", "nDCG@10") if measured in first.summary), "")
            if not measure:
                raise ConfigError("--curve needs Correct or nDCG@10 among the measures: leave --measure out")
            folder, name = folder or first.folder, first.questions.name
            points += _points(order, done, measure)
    curve = Passages(name, measure, tuple(points), folder or Path())
    write_json(curve.folder / "passages.json", curve.to_dict())
    (curve.folder / PAGE).write_text(_page(curve), "utf-8")
    return curve


def _points(order: str, done: dict[int, Run], measure: str) -> list[Point]:
    best = max(done.values(), key=lambda run: run.summary[measure].mean)
    points = []
    for k, run in done.items():
        change = compare(best, run, ("the best k", f"k = {k}"))[measure].difference
        tokens = run.cost.get("tokens", {}).get("mean", 0.0)
        points.append(Point(order, k, run.summary[measure], tokens, change))
    return points


def _page(curve: Passages) -> str:
    ticks = [str(k) for k in dict.fromkeys(point.k for point in curve.points)]
    series = [
        (name, [point.value for point in curve.points if point.reorder == name]) for name in curve.orders
    ]
    note = (
        f"{html_safe(curve.measure)} over the number of hits. "
        + "; ".join(
            f"{html_safe(name)}: best at {curve.best(name).k}, good up to {curve.widest(name)}"
            for name in curve.orders
        )
        + "."
    )
    body = f"<h1>{html_safe(curve.name)}: how many passages</h1>"
    return document(f"{curve.name}: passages", body + section("Passages", note, charts.lines(series, ticks)))
