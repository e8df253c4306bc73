"""Values → what a terminal shows: tables, citations that can be clicked, a progress bar; or JSON.

Plain text where output is piped or NO_COLOR is set. Knows nothing of how a value was made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from rich.console import Console
from rich.text import Text

from rag.chat import Notice
from rag.errors import StoreError
from rag.types import Answer

if TYPE_CHECKING:
    from rich.live import Live

    from rag.augment.glossary_build import Built
    from rag.chat import Chat
    from rag.config import Resolved
    from rag.doctor import Finding
    from rag.generate.catalogue import Entry
    from rag.ingest import Progress, Report, Watcher
    from rag.progress import Step
    from rag.trace import Record
    from rag.types import Chunk, Citation, DocumentInfo, Event, Hit

_PREVIEW = 200  # characters of a hit that are shown
_MOST_WARNINGS = 20  # documents that hide something; the rest are counted


def _console() -> Console:
    """Without a terminal, lines are not cut or wrapped; with NO_COLOR, nothing but text is written."""
    plain: dict[str, Any] = {"highlight": False, "emoji": False, "markup": False}
    if os.environ.get("NO_COLOR"):
        plain["color_system"] = None
    console = Console(**plain)
    return console if console.is_terminal else Console(**plain, width=10_000)


def _json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))  # noqa: T201


# ------------------------------------------------------------------------------------------ ingest


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Watcher]:
    """A progress bar on standard error with rate and time left; nothing where that is no terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files · {task.fields[chunks]} chunks · {task.fields[rate]}/s ·"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[source]}"),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading", total=None, chunks=0, rate="–", source="")

        def shown(now: Progress) -> None:
            elapsed = bar.tasks[0].elapsed or 0
            rate = f"{now.chunks / elapsed:.0f}" if elapsed > 0.5 else "–"
            bar.update(
                task,
                description=now.stage,
                completed=now.files,
                total=now.total or None,
                chunks=now.chunks,
                rate=rate,
                source=now.source[-40:],
            )

        yield shown


def report(done: Report, *, as_json: bool = False, time: bool = False) -> None:
    """What an ingest did: one line, and one more for each thing that failed or was skipped."""
    if as_json:
        _json(done.to_dict())
        return
    console = _console()
    line = Text(f"{datetime.now():%H:%M:%S} " if time else "", style="dim")
    line.append(str(done), style="default")
    line.append(f" · {done.chunks} chunks, {done.embedded} embedded, {done.reused} reused", style="dim")
    line.append(f" · {done.seconds:.1f} s", style="dim")
    console.print(line)
    for row in done.failed:
        console.print(Text.assemble(("  failed  ", "red"), row.source, (f": {row.reason}", "dim")))
    for row in done.skipped:
        console.print(Text.assemble(("  skipped ", "yellow"), row.source, (f": {row.reason}", "dim")))
    for row in done.warnings[:_MOST_WARNINGS]:
        console.print(Text.assemble(("  warning ", "yellow"), row.source, (f": {row.reason}", "dim")))
    if (more := len(done.warnings) - _MOST_WARNINGS) > 0:
        console.print(Text(f"  and {more} more warnings: `rag doctor` or --json shows them", style="dim"))


# ------------------------------------------------------------------------------------------ answers


def answer(given: Answer, *, base: Path, explain: bool = False, as_json: bool = False) -> None:
    """The answer, and what each of its markers points to."""
    if as_json:
        _json(_answer_values(given, explain=explain))
        return
    console = _console()
    console.print(_said(given))
    if given.abstained and given.hits:
        console.print(Text("\nNearest passages:", style="dim"))
        for hit in given.hits[:3]:
            line = Text.assemble("  ", _place_of(hit.chunk, base), (f"  {_preview(hit, 100)}", "dim"))
            console.print(line, no_wrap=True, overflow="ellipsis")
    elif given.citations:
        console.print()
        for citation in given.citations:
            console.print(_cited(citation, base))
    for note in given.notes:
        console.print(Text(f"\n{note}", style="yellow"))
    if explain:
        _trace(console, given.trace)


def answered(events: Iterable[Event], *, base: Path, explain: bool = False, as_json: bool = False) -> Answer:
    """Shows an answer as it comes about, and returns it.

    A terminal sees the text while it is written, as a draft; what is proved of it follows. Elsewhere only
    that is shown. Raises StoreError for events without an answer.
    """
    with _Draft(_console(), quiet=as_json) as draft:
        for event in events:
            if event.kind == "text":
                draft.add(event.text)
            elif event.answer is not None:
                draft.end()
                answer(event.answer, base=base, explain=explain, as_json=as_json)
                return event.answer
    raise StoreError("the pipeline ended without an answer: a custom stage swallowed it")


def _said(given: Answer) -> Text:
    """The text of an answer, the words that answer in bold where it names them, else all of it."""
    if given.abstained:
        return Text(given.text, style="yellow")
    at = given.text.find(given.span.quote) if given.span else -1
    if at < 0 or given.span is None:
        return Text(given.text, style="bold")
    text = Text(given.text)
    text.stylize("bold", at, at + len(given.span.quote))
    return text


class _Draft:
    """Text on a terminal as it is written, gone when what is proved of it comes; nothing elsewhere."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console, self._shown = console, console.is_terminal and not quiet
        self._live: Live | None = None
        self._text = Text(style="dim")

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        if self._live is not None:
            self._live.stop()
        self._live = None


def conversation(chat: Chat, *, base: Path) -> None:
    """Reads lines until the input ends or the chat does, and shows what comes of each as it comes."""
    console = _console()
    if console.is_terminal:
        console.print(Text("Ask, or /help. Ctrl-D leaves.", style="dim"))
    while not chat.ended:
        try:
            line = console.input(Text("\n› ", style="bold") if console.is_terminal else "")
        except EOFError:
            return
        with _Draft(console) as draft:
            for said in chat.say(line):
                if isinstance(said, Notice):
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


def _understood(console: Console, record: Record) -> None:
    """How a follow-up was read, where that is not how it was typed."""
    if record.went_out != record.came_in:
        console.print(Text(f"  → {record.went_out}", style="dim"))


def models(rows: Sequence[Entry], *, as_json: bool = False) -> None:
    """One model a line: name, kind, what it names, what is known of it."""
    if as_json:
        _json([row._asdict() for row in rows])
    elif rows:
        _table([(row.name, row.kind, row.model, row.told) for row in rows])
    else:
        _console().print("no model has a name yet: rag models add NAME MODEL")


def values(given: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Names and values, one a line."""
    if as_json:
        _json(dict(given))
    else:
        _table([(name, str(value)) for name, value in given.items()])


def _cited(citation: Citation, base: Path) -> Text:
    quote = " ".join(citation.quote.split())
    line = Text(f"[{citation.marker}] ")
    line.append_text(_place(citation.source, citation.page, base))
    line.append(f" {citation.start}–{citation.end}", style="dim")
    line.append(f'  "{quote}"', style="dim italic")
    return line


def _place_of(chunk: Chunk, base: Path) -> Text:
    return _place(chunk.source, chunk.page, base)


def _place(source: str, page: int | None, base: Path) -> Text:
    """`file p.3`, linked to the file where the terminal can follow links."""
    path = base / source.partition("#")[0]
    text = Text(source + (f" p.{page}" if page else ""), style="cyan")
    if path.is_file():
        text.stylize(f"link {path.as_uri()}" + (f"#page={page}" if page else ""))
    return text


def _answer_values(given: Answer, *, explain: bool) -> dict[str, Any]:
    values = {
        "question": given.question,
        "text": given.text,
        "abstained": given.abstained,
        "confidence": round(given.confidence, 4),
        "span": asdict(given.span) if given.span else None,
        "sentences": [
            {"text": one.text, "support": round(one.support, 4), "cites": [c.marker for c in one.citations]}
            for one in given.sentences
        ],
        "citations": [asdict(citation) for citation in given.citations],
        "notes": list(given.notes),
        "hits": [_hit_values(hit) for hit in given.hits],
    }
    if explain:
        values["trace"] = [asdict(record) for record in given.trace]
    return values


# ------------------------------------------------------------------------------------------ hits


def hits(found: Sequence[Hit], trace: Sequence[Record], *, base: Path, as_json: bool = False) -> None:
    """Ranked hits with the place and the beginning of each."""
    if as_json:
        values: dict[str, Any] = {"hits": [_hit_values(hit) for hit in found]}
        _json(values | ({"trace": [asdict(record) for record in trace]} if trace else {}))
        return
    console = _console()
    if not found:
        console.print("no hits")
    for rank, hit in enumerate(found, 1):
        line = Text.assemble(f"{rank:>3}  ", (f"{hit.score:7.3f}  ", "green"), _place_of(hit.chunk, base))
        if hit.chunk.heading:
            line.append(f"  {hit.chunk.heading}", style="dim")
        console.print(line, no_wrap=True, overflow="ellipsis")
        preview = Text(f"{'':14}{_preview(hit, _PREVIEW)}", style="dim")
        console.print(preview, no_wrap=True, overflow="ellipsis")
    _trace(console, trace)


def _preview(hit: Hit, length: int) -> str:
    text = " ".join(hit.chunk.text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _hit_values(hit: Hit) -> dict[str, Any]:
    chunk = {name: value for name, value in asdict(hit.chunk).items() if name != "metadata"}
    metadata = _public(hit.chunk.metadata)
    return {**chunk, "metadata": metadata, "score": hit.score, "ranks": hit.ranks, "scores": hit.scores}


def _trace(console: Console, trace: Sequence[Record]) -> None:
    """For every stage what came in, what went out, the time, and the scores by retriever."""
    for record in trace:
        line = Text.assemble(
            ("\n" + record.stage, "bold"), f" {record.name} ", (f"{record.ms:.1f} ms", "green")
        )
        line.append(f"\n    in   {record.came_in}\n    out  {record.went_out}", style="dim")
        console.print(line)
        for row in record.detail.get("hits", ())[:10]:
            legs = "  ".join(
                f"{leg} {score:.3f} (#{row['ranks'][leg]})" for leg, score in row["scores"].items()
            )
            page = f" p.{row['page']}" if row["page"] else ""
            console.print(Text(f"         {row['score']:7.3f}  {row['source']}{page}  {legs}", style="dim"))
        for row in record.detail.get("dropped", ()):
            console.print(Text(f"      dropped  {row['source']}: {row['why']}", style="dim"))
        for row in record.detail.get("sentences", ()):
            console.print(Text(f"         {row['support']:7.3f}  {row['text'][:90]}", style="dim"))


# ------------------------------------------------------------------------------------- evaluations


@contextmanager
def steps(*, quiet: bool = False) -> Iterator[Callable[[Step], None]]:
    """A progress bar on standard error for long work; nothing where that is no terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda now: bar.update(task, description=now.what, completed=now.done, total=now.total or None)


class Telling(Protocol):
    """What a long task comes back with: text by `str`, JSON by `to_dict`."""

    def to_dict(self) -> dict[str, Any]: ...


def told(value: Telling, *, as_json: bool = False) -> None:
    """What a task tells of itself, or its values as JSON."""
    if as_json:
        _json(value.to_dict())
    else:
        _console().print(Text(str(value)), soft_wrap=True)


# ------------------------------------------------------------------------------------------ the rest


def status(values: Mapping[str, Any], *, as_json: bool = False) -> None:
    """What the index holds."""
    if as_json:
        _json(dict(values))
        return
    shown = {**values, "bytes": f"{values['bytes']:,} ({values['bytes'] / 2**20:.1f} MB)"}
    _table([(name, str(value)) for name, value in shown.items()])


def documents(rows: Sequence[DocumentInfo], *, as_json: bool = False) -> None:
    """One document a line: chunks, source, title."""
    if as_json:
        _json([row._asdict() | {"metadata": _public(row.metadata)} for row in rows])
        return
    _table([(str(row.chunks), row.source, row.title) for row in rows])


def glossary(senses: Mapping[str, Mapping[str, int]], *, as_json: bool = False) -> None:
    """One meaning a line: its term, how many documents give it, and the meaning."""
    if as_json:
        _json({term: dict(meanings) for term, meanings in senses.items()})
        return
    _table([(term, str(count), meaning) for term, each in senses.items() for meaning, count in each.items()])


def built_glossary(built: Built, *, as_json: bool = False) -> None:
    """What a build of the glossary did."""
    if as_json:
        _json(built._asdict())
        return
    told = f"{built.terms} terms, {built.ambiguous} of them with several meanings · {built.path}"
    _console().print(f"{told} · {built.documents} documents read · {built.seconds:.1f} s")


def findings(found: Sequence[Finding], *, as_json: bool = False) -> None:
    """What `rag doctor` saw, and what mends what is wrong."""
    if as_json:
        _json([finding._asdict() for finding in found])
        return
    console = _console()
    marks = {"ok": ("ok    ", "green"), "note": ("note  ", "yellow"), "error": ("error ", "red")}
    for finding in found:
        line = Text.assemble(marks[finding.level], finding.what)
        if finding.mend:
            line.append(f"\n      → {finding.mend}", style="bold" if finding.level == "error" else "dim")
        console.print(line)


def settings(resolved: Resolved, *, as_json: bool = False) -> None:
    """Every setting, its value and its origin."""
    from rag.config import flat

    values = flat(resolved.settings)
    if as_json:
        _json(
            {name: {"value": value, "from": resolved.origins.get(name, "")} for name, value in values.items()}
        )
        return
    _table([(name, json.dumps(value), resolved.origins.get(name, "")) for name, value in values.items()])


def _table(rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns; the last is not padded."""
    console = _console()
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        console.print(Text("  ".join([*cells, row[-1]]).rstrip()), soft_wrap=True)


def _public(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata without what the ingest keeps for itself."""
    return {name: value for name, value in metadata.items() if not name.startswith("_")}
