"""The records of the stages → what `--explain` shows: what came in, what went out, what each has to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rag.terminal import one_line, to_json
from rag.terminal.screen import Screen, Text
from rag.types import Record

_HITS = 10  # of each record
_LENGTH = 200  # characters of a value
_SHOWN = frozenset({"hits", "dropped", "sentences"})
_ELSEWHERE = frozenset(
    {"queries", "confidence", "left_out", "notes"}
)  # in what goes out, or under the answer


def show(console: Screen, records: Sequence[Record]) -> None:
    """For every stage what came in, what went out, the time, the scores by retriever, and its own details.

    Hits that have their order and scores from the stage before are not shown again.
    """
    before: object = None
    for record in records:
        hits = record.detail.get("hits")
        same = bool(hits) and hits == before
        before = hits or before
        line = Text.assemble(
            ("\n" + record.stage, "bold"), f" {record.name} ", (f"{record.ms:.1f} ms", "green")
        )
        line.append(f"\n    in   {_words(record.came_in)}\n    out  {_words(record.went_out)}", style="dim")
        console.print(line.append(", in the same order" if same else "", style="dim"))
        for row in _rows(record, hits=() if same else hits or ()):
            console.print(Text(row, style="dim"))


def _rows(record: Record, hits: Sequence[Any]) -> Iterator[str]:
    for row in hits[:_HITS]:
        legs = "  ".join(
            f"{leg} {score:.3f}" + (f" (#{row['ranks'][leg]})" if leg in row["ranks"] else "")
            for leg, score in row["scores"].items()
        )
        page = f" p.{row['page']}" if row["page"] else ""
        yield f"         {row['score']:7.3f}  {one_line(row['source'])}{page}  {legs}"
    for row in record.detail.get("dropped", ()):
        yield f"      dropped  {one_line(row['source'])}: {one_line(row['why'])}"
    for row in record.detail.get("sentences", ()):
        yield f"         {row['support']:7.3f}  {one_line(row['text'][:90])}"
    for name, value in record.detail.items():
        if name not in _SHOWN | _ELSEWHERE and value not in ({}, [], ""):
            said = one_line(value if isinstance(value, str) else to_json(value))
            short = said if len(said) <= _LENGTH else f"{said[: _LENGTH - 1]}…"
            yield f"      {one_line(name)}  {short}"


def _words(text: str) -> str:
    """A text in which a word that is repeated to give it weight stands once: `key ×28`."""
    runs = [(word, len([*same])) for word, same in groupby(one_line(text).split(" "))]
    return " ".join(" ".join(number * [word]) if number < 3 else f"{word} ×{number}" for word, number in runs)
