"""Values → what a terminal shows: tables, citations that can be clicked; or JSON. `live.py` shows what moves.

Plain text where output is piped or NO_COLOR is set. Knows nothing of how a value was made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag.counts import counted
from rag.terminal import indented, one_line, say, say_json
from rag.terminal.screen import Screen, Text, make_screen
from rag.types import Answer

from . import records

if TYPE_CHECKING:
    from rag.config import Resolved
    from rag.doctor import Finding
    from rag.evaluate.questions.suggest import Suggestion
    from rag.glossary.build import Built
    from rag.ingest import Report
    from rag.llm.catalogue import Entry
    from rag.pipeline.fields import Form
    from rag.types import Chunk, Citation, DocumentInfo, Hit, Record

_PREVIEW = 200  # characters of a hit that are shown
_MOST_WARNINGS = 20  # documents that hide something; the rest are counted


def _json(value: Any) -> None:
    say_json(value, indent=2)


# ------------------------------------------------------------------------------------------ ingest


def report(done: Report, *, as_json: bool = False, time: bool = False) -> None:
    """What an ingest did: one line, and one more for each thing that failed or was skipped."""
    if as_json:
        _json(done.to_dict())
        return
    console = make_screen()
    line = Text(f"{datetime.now():%H:%M:%S} " if time else "", style="dim")
    line.append(str(done), style="default")
    line.append(
        f" · {counted(done.chunks, 'chunk')}, {done.embedded} embedded, {done.reused} reused", style="dim"
    )
    line.append(f" · {done.seconds:.1f} s", style="dim")
    console.print(line)
    rows = [("  failed  ", "red", row) for row in done.failed]
    rows += [("  skipped ", "yellow", row) for row in done.skipped]
    rows += [("  warning ", "yellow", row) for row in done.warnings[:_MOST_WARNINGS]]
    for word, colour, row in rows:
        reason = (f": {one_line(row.reason)}", "dim")
        console.print(Text.assemble((word, colour), one_line(row.source), reason))
    if (more := len(done.warnings) - _MOST_WARNINGS) > 0:
        console.print(Text(f"  and {counted(more, 'more warning')}: see `rag doctor` or --json", style="dim"))


# ------------------------------------------------------------------------------------------ answers


def answer(given: Answer, *, base: Path, explain: bool = False, as_json: bool = False) -> None:
    """The answer, and what each of its markers points to."""
    if as_json:
        _json(_answer_values(given, explain=explain))
        return
    console = make_screen()
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
    _notes(console, given.notes)
    if explain:
        records.show(console, given.trace)


def _said(given: Answer) -> Text:
    """The text of an answer, the words that answer in bold where it names them, else all of it."""
    if given.abstained:
        return Text(given.text, style="yellow")
    quote = given.span.quote if given.span else ""
    before, words, after = given.text.partition(quote or given.text or " ")
    return Text.assemble(before, (words, "bold"), after) if words else Text(given.text, style="bold")


def form(filled: Form, *, base: Path, as_json: bool = False) -> None:
    """A filled schema: one field a line with its place, or null and why."""
    if as_json:
        fields = [{**asdict(one), "confidence": round(one.confidence, 4)} for one in filled.fields]
        _json({"value": filled.value, "fields": fields})
        return
    console = make_screen()
    width = max(len(one.name) for one in filled.fields)
    for one in filled.fields:
        line = Text(f"{one_line(one.name):{width}}  ")
        if one.value is None:
            line.append(f"null  {one_line(one.note)}", style="yellow")
        else:
            line.append(one_line(json.dumps(one.value, ensure_ascii=False)), style="bold")
            for citation in one.citations[:1]:
                line.append("  ")
                line.append_text(_place(citation.source, citation.page, base))
                line.append(f" {citation.start}–{citation.end}", style="dim")
        console.print(line)


def suggestions(found: Sequence[Suggestion], *, as_json: bool = False) -> None:
    """One question a line, with its answer and where that stands."""
    if as_json:
        _json([one._asdict() for one in found])
        return
    console = make_screen()
    for one in found:
        answer = (f"  {one_line(one.answer)}  {one_line(one.source)}", "dim")
        console.print(Text.assemble(one_line(one.question), answer))
    if not found:
        console.print("no question: there are few definitions, dates, numbers or names in plain sentences")


def models(rows: Sequence[Entry], *, as_json: bool = False) -> None:
    """One model a line: name, kind, what it names, what is known of it."""
    if as_json:
        _json([row._asdict() for row in rows])
    elif rows:
        _table([(row.name, row.kind, row.model, row.details) for row in rows])
    else:
        make_screen().print("no model has a name yet: rag models add NAME MODEL")


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
    text = Text(one_line(source) + (f" p.{page}" if page else ""), style="cyan")
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
            {
                "text": sentence.text,
                "support": round(sentence.support, 4),
                "cites": [c.marker for c in sentence.citations],
            }
            for sentence in given.sentences
        ],
        "citations": [asdict(citation) for citation in given.citations],
        "notes": list(given.notes),
        "hits": [_hit_values(hit) for hit in given.hits],
    }
    if explain:
        values["trace"] = [asdict(record) for record in given.trace]
    return values


# ------------------------------------------------------------------------------------------ hits


def hits(
    ranked: Sequence[Hit],
    trace: Sequence[Record],
    notes: Sequence[str] = (),
    *,
    base: Path,
    as_json: bool = False,
) -> None:
    """Ranked hits with the place and the beginning of each, and the notes of the stages."""
    if as_json:
        values: dict[str, Any] = {"hits": [_hit_values(hit) for hit in ranked], "notes": list(notes)}
        _json(values | ({"trace": [asdict(record) for record in trace]} if trace else {}))
        return
    console = make_screen()
    if not ranked:
        console.print("no hits")
    for rank, hit in enumerate(ranked, 1):
        line = Text.assemble(f"{rank:>3}  ", (f"{hit.score:7.3f}  ", "green"), _place_of(hit.chunk, base))
        if hit.chunk.heading:
            line.append(f"  {one_line(hit.chunk.heading)}", style="dim")
        console.print(line, no_wrap=True, overflow="ellipsis")
        preview = Text(f"{'':14}{_preview(hit, _PREVIEW)}", style="dim")
        console.print(preview, no_wrap=True, overflow="ellipsis")
    _notes(console, notes)
    records.show(console, trace)


def _notes(console: Screen, notes: Sequence[str]) -> None:
    for note in notes:
        console.print(Text(f"\n{indented(note)}", style="yellow"))


def _preview(hit: Hit, length: int) -> str:
    text = " ".join(hit.chunk.text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _hit_values(hit: Hit) -> dict[str, Any]:
    chunk = {name: value for name, value in asdict(hit.chunk).items() if name != "metadata"}
    metadata = _public(hit.chunk.metadata)
    return {**chunk, "metadata": metadata, "score": hit.score, "ranks": hit.ranks, "scores": hit.scores}


# ------------------------------------------------------------------------------------- evaluations


class Result(Protocol):
    """What a long task returns: text by `str`, JSON by `to_dict`."""

    def to_dict(self) -> dict[str, Any]: ...


def result(value: Result, *, as_json: bool = False) -> None:
    """The result of a task as text or JSON."""
    if as_json:
        _json(value.to_dict())
    else:
        make_screen().print(Text(str(value)), soft_wrap=True)


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
    if not senses:
        say("no terms: `rag glossary build` looks for them in the documents", err=True)
    _table([(term, str(count), meaning) for term, each in senses.items() for meaning, count in each.items()])


def built_glossary(built: Built, *, as_json: bool = False) -> None:
    """What a build of the glossary did."""
    if as_json:
        _json(built._asdict())
        return
    summary = f"{counted(built.terms, 'term')}, {built.ambiguous} with several meanings · {built.path}"
    make_screen().print(f"{summary} · {counted(built.documents, 'document')} read · {built.seconds:.1f} s")


def findings(items: Sequence[Finding], *, as_json: bool = False) -> None:
    """What `rag doctor` saw, and what mends what is wrong."""
    if as_json:
        _json([finding._asdict() for finding in items])
        return
    console = make_screen()
    marks = {"ok": ("ok    ", "green"), "note": ("note  ", "yellow"), "error": ("error ", "red")}
    for finding in items:
        line = Text.assemble(marks[finding.level], indented(finding.what, "      "))
        if finding.mend:
            line.append(f"\n      → {finding.mend}", style="bold" if finding.level == "error" else "dim")
        console.print(line)


def settings(resolved: Resolved, *, as_json: bool = False) -> None:
    """Every setting, its value and its origin."""
    from rag.config import flat

    values = flat(resolved.settings)
    origins = {name: resolved.origins.get(name, "") for name in values}
    for name in values:
        if any(setting == name or setting.startswith(f"{name}.") for setting in resolved.untrusted):
            origins[name] = f"{resolved.path}, not trusted, not used"
    if as_json:
        _json({name: {"value": value, "from": origins[name]} for name, value in values.items()})
        return
    _table(
        [
            (name, json.dumps(value, default=str, ensure_ascii=False), origins[name])
            for name, value in values.items()
        ]
    )


def _table(rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns; the last is not padded."""
    console = make_screen()
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        console.print(Text("  ".join([*cells, row[-1]]).rstrip()), soft_wrap=True)


def _public(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata without what the ingest keeps for itself."""
    return {name: value for name, value in metadata.items() if not name.startswith("_")}
