"""Styled text by rich, with the characters shown that command a terminal: what is shown is what is measured.

`Text` shows them when it is made, before widths are counted. `Screen` does so with all that it
writes, for what was made elsewhere; sequences of its own, for colours and bars, are no text and pass.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import rich.text
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from .controls import shown


class Text(rich.text.Text):
    """Styled text of which no character commands a terminal."""

    def __init__(self, text: str = "", style: Any = "", **options: Any) -> None:
        super().__init__(shown(text), style, **options)

    @classmethod
    def assemble(cls, *parts: Any, **options: Any) -> Text:
        text = cls(**options)
        for part in parts:
            text.append(*(part if isinstance(part, tuple) else (part,)))
        return text

    def append(self, text: Any, style: Any = None) -> Any:
        return super().append(shown(text) if isinstance(text, str) else text, style)


class Screen(Console):
    """A terminal, or what stands for it, to which only text without commands is written."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown(segment.text))


def make_screen(*, err: bool = False) -> Screen:
    """Without a terminal, lines are not cut or wrapped; with NO_COLOR, nothing but text is written."""
    plain: dict[str, Any] = {"highlight": False, "emoji": False, "markup": False, "stderr": err}
    if os.environ.get("NO_COLOR"):
        plain["color_system"] = None
    screen = Screen(**plain)
    return screen if screen.is_terminal else Screen(**plain, width=10_000)
