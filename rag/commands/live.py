"""What a terminal shows while something goes on: progress bars, an answer as it is written, a conversation.

What has come of it is shown by `render.py`. Nothing moves where output is piped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rag.chat import Notice
from rag.counts import counted
from rag.pipeline.pipeline import answer_of
from rag.progress import watched
from rag.terminal import one_line
from rag.terminal.screen import Screen, Text, make_screen
from rag.types import Answer

from .render import answer

if TYPE_CHECKING:
    from rich.live import Live
    from rich.progress import Progress as Columns

    from rag.chat import Chat
    from rag.progress import Progress
    from rag.types import Event, Record


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Bar]:
    """A progress bar on standard error, with rate and time left; nothing where that is no terminal."""
    bar = Bar(make_screen(err=True), quiet=quiet)
    try:
        yield bar
    finally:
        bar.hide()


_ECHO = 3  # columns: `^C`, and the cursor behind it


class Bar:
    """A line that shows how far the work is, from the first call on, until it is hidden; then anew."""

    def __init__(self, screen: Screen, *, quiet: bool = False) -> None:
        self._screen, self._shown = screen, screen.is_terminal and not quiet
        self._bar: Columns | None = None

    def __call__(self, now: Progress) -> None:
        if not self._shown:
            return
        if first := self._bar is None:
            self._bar = _columns(self._screen)
            self._bar.start()
        self._bar.update(
            self._bar.task_ids[0],
            refresh=first,
            description=now.stage,
            completed=now.done,
            total=now.total or None,
            chunks=_chunks(now, self._bar.tasks[0].elapsed or 0),
            source=one_line(now.source)[-40:],
        )

    def hide(self) -> None:
        """Takes the line away, before anything else is printed."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = None


def _columns(screen: Screen) -> Columns:
    """The parts of the line; on a narrow terminal they are cut, not wrapped, so that all of it goes away.

    It leaves room for the `^C` that a terminal writes behind it, which would begin another line.
    """
    from rich.constrain import Constrain
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Columns
    from rich.table import Column

    def text(template: str) -> TextColumn:
        return TextColumn(template, markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))

    class Line(Columns):
        def get_renderable(self) -> Constrain:
            return Constrain(super().get_renderable(), screen.width - _ECHO)

    columns = Line(
        text("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        text("{task.fields[chunks]}"),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
        text("{task.fields[source]}"),
        console=screen,
        transient=True,
    )
    columns.add_task("reading", total=None, chunks="", source="")
    return columns


def _chunks(now: Progress, elapsed: float) -> str:
    """What an ingest has embedded, and how many a second; other work embeds nothing."""
    if not now.chunks:
        return ""
    rate = f"{now.chunks / elapsed:.0f}" if elapsed > 0.5 else "–"
    return f"files · {counted(now.chunks, 'chunk')} · {rate}/s ·"


def answered(events: Iterable[Event], *, base: Path, explain: bool = False, as_json: bool = False) -> Answer:
    """Shows an answer as it comes about, and returns it.

    A terminal sees the text while it is written, as a draft; what is proved of it follows. Elsewhere only
    that is shown. Raises ConfigError for events without an answer.
    """
    with _Draft(make_screen(), quiet=as_json) as draft:
        given = answer_of(draft.of(events))
    answer(given, base=base, explain=explain, as_json=as_json)
    return given


class _Draft:
    """Text on a terminal as it is written, gone when what is proved of it comes; nothing elsewhere.

    Until the first of it comes, a bar says how far a language model is with reading its prompt.
    """

    def __init__(self, console: Screen, *, quiet: bool = False) -> None:
        self._console, self._shown = console, console.is_terminal and not quiet
        self._live: Live | None = None
        self._text = Text(style="dim")
        self.bar = Bar(make_screen(err=True), quiet=quiet)

    def add(self, text: str) -> None:
        if not self._shown:
            return
        if self._live is None:
            from rich.live import Live

            self._text = Text(style="dim")
            self._live = Live(self._text, console=self._console, transient=True)
            self._live.start()
        self._text.append(text)
        self._live.update(self._text)

    def of(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events, with their text shown on the way."""
        with watched(self.bar):
            for event in events:
                self.bar.hide()
                if event.kind == "text":
                    self.add(event.text)
                yield event

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        self.bar.hide()
        if self._live is not None:
            self._live.stop()
        self._live = None


def conversation(chat: Chat, *, base: Path) -> bool:
    """Reads lines until the input ends or the chat does, and shows what comes of each as it comes.

    Returns whether every question could be answered or declined.
    """
    console, well = make_screen(), True
    if console.is_terminal:
        console.print(Text("Ask, or /help. Ctrl-D leaves.", style="dim"))
    while not chat.ended:
        try:
            line = console.input(Text("\n› ", style="bold") if console.is_terminal else "")
        except EOFError:
            return well
        with _Draft(console) as draft, watched(draft.bar):
            for said in chat.say(line):
                draft.bar.hide()
                if isinstance(said, Notice):
                    well = well and not said.failed
                    draft.end()
                    console.print(Text(said.text, style="dim"))
                elif isinstance(said, Answer):
                    answer(said, base=base)
                elif said.kind == "text":
                    draft.add(said.text)
                elif said.record is not None and said.record.name == "history":
                    _understood(console, said.record)
                elif said.answer is not None:
                    draft.end()
                    answer(said.answer, base=base)
    return well


def _understood(console: Screen, record: Record) -> None:
    """How a follow-up was read, where that is not how it was typed."""
    if record.went_out != record.came_in:
        console.print(Text(f"  → {one_line(record.went_out)}", style="dim"))
