"""Small charts, styled by the page's own style sheet. Numbers in, SVG out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rag.evaluate.measures import Curve
from rag.evaluate.measures.calibration import Calibration
from rag.evaluate.statistics import Mean

from .svg import box, dot, drawing, line, named, path, upright, words

_WIDTH = 900  # pixels, about what the page has
_LABEL, _NOTE, _ROW = 200, 190, 26  # pixels of the label, of the text behind, and of a row's height
_COLOURS = 4  # of lines


class Bar(NamedTuple):
    """One bar: its label, length, what is written behind it, and an interval where there is one."""

    label: str
    value: float
    note: str
    low: float | None = None
    high: float | None = None


def bars(rows: Sequence[Bar], *, most: float | None = None, width: int = _WIDTH) -> str:
    """Horizontal bars from 0 to `most` (default: the longest), with whiskers for intervals."""
    top = most or max((row.high or row.value for row in rows), default=0) or 1
    scale = (width - _LABEL - _NOTE) / top
    return drawing(width, _ROW * len(rows) + 4, [_bar(row, at * _ROW, scale) for at, row in enumerate(rows)])


def whisker(mean: Mean, width: int = 180) -> str:
    """A mean as a dot on a line from 0 to 1, with its interval."""
    x, low, high = (4 + value * (width - 8) for value in (mean.mean, mean.low, mean.high))
    shapes = [line("axis", 4, 9, width - 4, 9), line("whisker", low, 9, high, 9), dot("dot", x, 9, 4)]
    return drawing(width, 18, shapes, fixed=True)


def shares(parts: Sequence[tuple[str, int, str]], width: int = _WIDTH) -> str:
    """One bar divided by counts: (label, count, class of colour)."""
    total = sum(count for _, count, _ in parts) or 1
    x, shapes = 0.0, []
    for label, count, colour in parts:
        wide, share = width * count / total, f"{count / total:.0%}"
        full = f"{label} {share}"
        text = full if wide > 9 * len(full) else share if wide > 44 else ""
        inside = [box(colour, x, 0, wide, 30), words("on", x + wide / 2, 15, text, "middle")]
        shapes.append(named(f"{label}: {count:,} of {total:,}", inside))
        x += wide
    return drawing(width, 30, shapes)


def risk_chart(
    curve: Curve, chosen: tuple[float, float] | None, width: int = _WIDTH, height: int = 300
) -> str:
    """The risk–coverage curve; `chosen` is the (coverage, risk) that the settings lead to."""
    left, right, top, bottom = 78, width - 16, 14, height - 44
    highest = max([0.1, chosen[1] if chosen else 0, *(risk for _, risk, _ in curve.points)])
    roof = next((step for step in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8) if step >= highest), 1.0)

    def at(coverage: float, risk: float) -> tuple[float, float]:
        return left + coverage * (right - left), bottom - risk / roof * (bottom - top)

    shapes = []
    for tick in range(5):
        x, y = at(tick / 4, roof * tick / 4)
        shapes.append(line("grid", left, y, right, y))
        shapes.append(words("tick", left - 8, y, f"{roof * tick / 4:.1%}", "end"))
        shapes.append(words("tick", x, bottom + 14, f"{tick / 4:.0%}", "middle"))
    shapes.append(path("curve", [at(coverage, risk) for coverage, risk, _ in _thinned(curve)]))
    if chosen:
        x, y = at(*chosen)
        label = f"as configured: {chosen[0]:.0%} answered, {chosen[1]:.1%} wrong"
        beyond = chosen[0] > 0.6
        below = y + 34 if y < bottom - 50 else y - 34
        shapes.append(dot("chosen", x, y, 6))
        shapes.append(words("note", x - 8 if beyond else x + 8, below, label, "end" if beyond else "start"))
    middle = (left + right) / 2
    shapes.append(words("tick", middle, height - 10, "share of questions answered, surest first", "middle"))
    shapes.append(upright("tick", 12, (top + bottom) / 2, "share of them wrong"))
    return drawing(width, height, shapes)


def reliability(calibration: Calibration, width: int = 420, height: int = 300) -> str:
    """Share right over confidence, a dot with an interval a bin; the diagonal is where it should be."""
    left, right, top, bottom = 78, width - 16, 14, height - 44

    def at(confidence: float, share: float) -> tuple[float, float]:
        return left + confidence * (right - left), bottom - share * (bottom - top)

    shapes = []
    for tick in range(5):
        x, y = at(tick / 4, tick / 4)
        shapes.append(line("grid", left, y, right, y))
        shapes.append(words("tick", left - 8, y, f"{tick / 4:.0%}", "end"))
        shapes.append(words("tick", x, bottom + 14, f"{tick / 4:.0%}", "middle"))
    shapes.append(line("axis", *at(0, 0), *at(1, 1)))
    for point in calibration.bins:
        x, y = at(point.confidence, point.right.mean)
        whisker = line("whisker", x, at(0, point.right.low)[1], x, at(0, point.right.high)[1])
        label = f"confidence {point.confidence:.2f}: {point.right.mean:.0%} of {point.right.n:,} right"
        shapes.append(named(label, [whisker, dot("dot", x, y, 4)]))
    shapes.append(words("tick", (left + right) / 2, height - 10, "confidence", "middle"))
    shapes.append(upright("tick", 12, (top + bottom) / 2, "share right"))
    return drawing(width, height, shapes)


def lines(
    series: Sequence[tuple[str, Sequence[Mean]]], ticks: Sequence[str], width: int = _WIDTH, height: int = 260
) -> str:
    """Lines with intervals over named steps, all between 0 and 1."""
    left, right, top, bottom = 48, width - 130, 12, height - 30
    step = (right - left) / max(1, len(ticks) - 1)

    def level(value: float) -> float:
        return bottom - value * (bottom - top)

    shapes = []
    for tick in range(5):
        shapes.append(line("grid", left, level(tick / 4), right, level(tick / 4)))
        shapes.append(words("tick", left - 8, level(tick / 4), f"{tick / 4:.2f}", "end"))
    for place, name in enumerate(ticks):
        shapes.append(words("tick", left + place * step, bottom + 14, name, "middle"))
    last = -100.0
    for number, (name, means) in enumerate(sorted(series, key=lambda drawn: -drawn[1][-1].mean)):
        colour = f"s{number % _COLOURS}"
        shapes.append(
            path(f"line {colour}", [(left + at * step, level(mean.mean)) for at, mean in enumerate(means)])
        )
        for at, mean in enumerate(means):
            x = left + at * step
            shapes.append(line(f"whisker {colour}", x, level(mean.low), x, level(mean.high)))
            shapes.append(dot(f"dot {colour}", x, level(mean.mean), 3.5))
        last = max(last + 15, level(means[-1].mean))  # labels keep their distance
        shapes.append(words(f"note {colour}", right + 12, last, name))
    return drawing(width, height, shapes)


def _bar(row: Bar, y: float, scale: float) -> str:
    middle, end = y + _ROW / 2, max(row.value, row.high or 0) * scale
    label = row.label if len(row.label) <= 24 else row.label[:23] + "…"
    shapes = [
        words("label", _LABEL - 10, middle, label, "end"),
        box("bar", _LABEL, y + 5, max(1.0, row.value * scale), _ROW - 10),
        words("note", _LABEL + end + 8, middle, row.note),
    ]
    if row.low is not None and row.high is not None:
        shapes.append(line("whisker", _LABEL + row.low * scale, middle, _LABEL + row.high * scale, middle))
    return named(f"{row.label}: {row.note}", shapes)


def _thinned(curve: Curve, most: int = 200) -> list[tuple[float, float, float]]:
    step = max(1, len(curve.points) // most)
    return [*curve.points[:-1:step], *curve.points[-1:]]
