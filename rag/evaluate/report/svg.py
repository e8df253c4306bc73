"""The few shapes the charts are made of, as SVG text. Coordinates in pixels; words are escaped here."""

from __future__ import annotations

from collections.abc import Sequence

from rag.terminal import html_safe


def drawing(width: int, height: int, shapes: Sequence[str], *, fixed: bool = False) -> str:
    """A picture that fills the width it is given, or has one of its own."""
    size = f' width="{width}" height="{height}"' if fixed else ""
    return f'<svg viewBox="0 0 {width} {height}"{size} role="img">{"".join(shapes)}</svg>'


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def path(kind: str, points: Sequence[tuple[float, float]]) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def box(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def dot(kind: str, x: float, y: float, radius: float) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'


def words(kind: str, x: float, y: float, text: str, anchor: str = "start") -> str:
    """Text whose middle is at y; `anchor` says what x is: its start, middle or end."""
    place = f'x="{x:.1f}" y="{y:.1f}" dy=".34em" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{html_safe(text)}</text>'


def upright(kind: str, x: float, y: float, text: str) -> str:
    """Text that runs upward, its middle at (x, y)."""
    place = f'transform="translate({x:.1f} {y:.1f}) rotate(-90)" text-anchor="middle"'
    return f'<text class="{kind}" {place}>{html_safe(text)}</text>'


def named(title: str, shapes: Sequence[str]) -> str:
    """Shapes that tell a title when pointed at."""
    return f"<g><title>{html_safe(title)}</title>{''.join(shapes)}</g>"
