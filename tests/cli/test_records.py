"""What `--explain` shows of the stages' records."""

from __future__ import annotations

from typing import Any

import pytest

from rag.commands.records import show
from rag.terminal.screen import make_screen
from rag.types import Record


def row(source: str, score: float) -> dict[str, Any]:
    return {"source": source, "page": None, "score": score, "ranks": {"dense": 1}, "scores": {"dense": score}}


def shown(capsys: pytest.CaptureFixture[str], *records: Record) -> list[str]:
    show(make_screen(), records)
    return capsys.readouterr().out.splitlines()


def test_hits_that_stay_as_they_are_are_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    found, other = [row("a.md", 0.9), row("b.md", 0.5)], [row("b.md", 0.5), row("a.md", 0.9)]
    lines = shown(
        capsys,
        Record("retrieve", "hybrid", "who?", "2 hits", 1.0, {"hits": found}),
        Record("denoise", "poison", "2 hits", "2 hits", 0.2, {"hits": [*found]}),
        Record("denoise", "mmr", "2 hits", "2 hits", 0.2, {"hits": other}),
    )
    assert lines == [
        "",
        "retrieve hybrid 1.0 ms",
        "    in   who?",
        "    out  2 hits",
        "           0.900  a.md  dense 0.900 (#1)",
        "           0.500  b.md  dense 0.500 (#1)",
        "",
        "denoise poison 0.2 ms",
        "    in   2 hits",
        "    out  2 hits, in the same order",
        "",
        "denoise mmr 0.2 ms",
        "    in   2 hits",
        "    out  2 hits",
        "           0.500  b.md  dense 0.500 (#1)",
        "           0.900  a.md  dense 0.900 (#1)",
    ]


def test_what_a_stage_notes_is_shown_where_it_notes_something(capsys: pytest.CaptureFixture[str]) -> None:
    said = {"ran": False, "corrected": {"keps": "kept"}, "terms": {}, "joined": 0, "form": "value"}
    detail = {"hits": [], **said, "notes": ["Said below."]}
    lines = shown(capsys, Record("denoise", "rerank if unsure", "0 hits", "0 hits", 0.1, detail))
    assert lines[4:] == [
        "      ran  false",
        '      corrected  {"keps": "kept"}',
        "      joined  0",
        "      form  value",
    ]


def test_long_values_are_cut_and_cannot_command_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    detail = {"queries": [], "terms": "\x1b[31m" + "x" * 500}
    line = shown(capsys, Record("augment", "own", "a", "a", 0.1, detail))[-1]
    assert "\x1b" not in line
    assert line.endswith("x…")
    assert len(line) == len("      terms  ") + 200


def test_a_word_that_is_repeated_for_its_weight_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    out = "who kept keys? | " + " ".join(28 * ["key"] + 2 * ["kept"])
    lines = shown(capsys, Record("augment", "feedback", "who kept keys?", out, 0.1, {"queries": []}))
    assert lines[3] == "    out  who kept keys? | key ×28 kept kept"
