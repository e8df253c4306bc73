"""The report of a stress test: a curve where a disturbance grows, bars where it has kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.counts import counted
from rag.terminal import html_safe

from . import charts
from .page import document, section

if TYPE_CHECKING:
    from rag.evaluate.experiments.stress_result import Figure, Stress

_EXPLANATIONS = {
    "typos": "A typing error in a growing share of the question's words.",
    "wording": "The same question, asked otherwise.",
    "distractors": "A growing share of the hits is what the retriever found and what does not answer.",
    "order": "The same hits in another order.",
    "position": "The passage with the answer at the first, the middle and the last place.",
    "prompt": "The same request to the language model in other words.",
    "conflicting": "Beside the passage, other sources state a wrong answer in its own sentence.",
    "counterfactual": "Every passage that holds the answer holds a wrong one instead: declining is best.",
    "poisoned": "Before all hits stand passages that repeat the question and answer it wrongly.",
    "triggered": "Among the hits stand passages that answer wrongly, behind words that bring them near.",
    "injected": "Before all hits stands a passage that orders the model to say something else.",
}
_CURVES = ("typos", "distractors", "position")


def stress_page(stress: Stress) -> str:
    """The report as one HTML file."""
    base = stress.base
    body = [
        f"<h1>{html_safe(stress.name)}: under stress</h1>",
        f"<p class='faint'>{counted(base.n, 'question')} with answers. Undisturbed, {base.mean:.1%} are "
        f"answered right ({base.low:.1%} to {base.high:.1%}).</p>",
    ]
    tests = dict.fromkeys(figure.test for figure in stress.figures)
    for test in tests:
        figures = [figure for figure in stress.figures if figure.test == test]
        chart = _curve(stress, figures) if test in _CURVES else _bars(stress, figures)
        body.append(section(test.capitalize(), _EXPLANATIONS[test], chart, _table(figures)))
    return document(f"{stress.name}: stress", "".join(body))


def _curve(stress: Stress, figures: list[Figure]) -> str:
    means, ticks = (
        [figure.right for figure in figures],
        [figure.level.partition(" of ")[0] for figure in figures],
    )
    if figures[0].test == "typos":
        means, ticks = [stress.base, *means], ["none", *ticks]
    return charts.lines([("right", means)], ticks)


def _bars(stress: Stress, figures: list[Figure]) -> str:
    rows = [_bar("undisturbed", stress.base.mean, stress.base.low, stress.base.high)]
    for figure in figures:
        rows.append(_bar(f"right, {figure.level}", figure.right.mean, figure.right.low, figure.right.high))
        if figure.attack:
            rows.append(
                _bar(f"attack, {figure.level}", figure.attack.mean, figure.attack.low, figure.attack.high)
            )
    return charts.bars(rows, most=1)


def _bar(label: str, mean: float, low: float, high: float) -> charts.Bar:
    return charts.Bar(label, mean, f"{mean:.1%}", low, high)


def _table(figures: list[Figure]) -> str:
    attacked = any(figure.attack for figure in figures)
    names = ["right", "change", "95 % interval", "p", *(["attack succeeds"] if attacked else [])]
    head = "".join(f"<th class='number'>{name}</th>" for name in names)
    return f"<table><tr><th>level</th>{head}</tr>{''.join(map(_row, figures))}</table>"


def _row(figure: Figure) -> str:
    attack = f"<td class='number'>{figure.attack.mean:.3f}</td>" if figure.attack else ""
    return (
        f"<tr><td class='name'>{html_safe(figure.level)}</td><td class='number'>{figure.right.mean:.3f}</td>"
        f"<td class='number {_colour(figure)}'>{figure.lost.mean:+.3f}</td>"
        f"<td class='number'>{figure.lost.low:+.3f} to {figure.lost.high:+.3f}</td>"
        f"<td class='number'>{figure.lost.p:.4f}</td>{attack}</tr>"
    )


def _colour(figure: Figure) -> str:
    if not figure.lost.decided:
        return ""
    return "better" if figure.lost.mean > 0 else "worse"
