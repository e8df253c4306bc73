"""The folder of a run: what it is, and one line a question as it is done, so that a stopped run goes on.

run.json          identity, machine, measures, figures
outcomes.jsonl    one outcome a line, in the order they finished
questions.jsonl   one question a line with answer and scores: to read, to load elsewhere
report.html       the report
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from rag.errors import ConfigError, CorruptError
from rag.text.lines import json_lines
from rag.types import stable_id

from .outcome import Outcome

RUN, OUTCOMES, CASES, QUESTIONS, PAGE = (
    "run.json",
    "outcomes.jsonl",
    "cases.jsonl",
    "questions.jsonl",
    "report.html",
)


def run_id(identity: Mapping[str, Any]) -> str:
    """A short id that depends on the identity alone."""
    return stable_id(json.dumps(identity, sort_keys=True, ensure_ascii=False))[:8]


class Journal:
    """Appends outcomes to a run's folder. A folder that holds another run is refused."""

    def __init__(self, folder: Path, identity: Mapping[str, Any], *, fresh: bool = False) -> None:
        self.folder, self.path = folder, folder / OUTCOMES
        folder.mkdir(parents=True, exist_ok=True)
        known = _read(folder / RUN)
        if known is not None and not fresh and known.get("id") != run_id(identity):
            raise ConfigError(
                f"{folder} holds another run ({_differing(known.get('identity', {}), identity)} differ): "
                "choose another --out, or give --fresh to replace it"
            )
        if fresh:
            self.path.unlink(missing_ok=True)
        write_json(folder / RUN, {"id": run_id(identity), "identity": identity})
        self._file: TextIO | None = None

    def done(self) -> dict[str, Outcome]:
        """The outcomes of an earlier, stopped run of the same identity. A torn last line is dropped."""
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return {}
        whole, _, torn = text.rpartition("\n")
        if torn:
            self.path.write_text(whole + "\n" if whole else "", "utf-8")
        return {outcome.id: outcome for outcome in _outcomes(json_lines(whole), self.path)}

    def add(self, outcome: Outcome) -> None:
        """Appends one outcome; it survives whatever happens to the process next."""
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8")
        self._file.write(json.dumps(outcome.to_dict(), ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def read_run(folder: Path) -> tuple[dict[str, Any], list[Outcome]]:
    """What a run says of itself, and its outcomes. Raises ConfigError where there is none."""
    about = _read(folder / RUN)
    if about is None or not (folder / OUTCOMES).exists():
        raise ConfigError(f"{folder} holds no run: expected {RUN} and {OUTCOMES}, as `rag eval` writes them")
    lines = json_lines((folder / OUTCOMES).read_text("utf-8"))
    return about, _outcomes(lines, folder / OUTCOMES)


def write_json(path: Path, value: Any) -> None:
    """Replaces a file as a whole."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n", "utf-8")
    beside.replace(path)


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replaces a file by JSON lines."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
    beside.replace(path)


def _outcomes(lines: Iterable[str], path: Path) -> list[Outcome]:
    outcomes = []
    for number, line in enumerate(lines, 1):
        try:
            outcomes.append(Outcome.from_dict(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptError(
                f"{path}:{number} is no outcome ({error}): run the evaluation again with --fresh"
            ) from error
    return outcomes


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise CorruptError(f"{path} is no JSON ({error}): run the evaluation again with --fresh") from error
    return value if isinstance(value, dict) else None


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    return ", ".join(sorted(name for name in {*old, *new} if old.get(name) != new.get(name))) or "contents"
