"""What the formats share: reading a file's lines, and the checked fields of one row.

`where` in every function is what an error begins with, such as `qa.jsonl:12`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case
from rag.types import Turn

_KNOWN = {"id", "_id", "question", "query", "text", "answers", "golden_answers", "answer", "relevant"}
_KNOWN |= {"meta", "metadata", "left_out", "without", "history"}


def text_of(path: Path) -> str:
    """A file's text. Raises ConfigError where it cannot be read or is no UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is no UTF-8: save the file as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from error


def objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, object) for every line of a JSON lines file that is not blank."""
    for number, line in enumerate(text_of(path).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigError(f"{where}: no JSON ({error.msg} at column {error.colno})") from error
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: {type(value).__name__}, expected an object with a `question`")
        yield where, value


def case_of(row: Mapping[str, Any], where: str, number: int) -> Case:
    """A row with `question`, and `answers`, `relevant` or both; other fields join `meta`."""
    question = first(row, "question", "query", "text")
    if not isinstance(question, str) or not question.strip():
        raise ConfigError(f"{where}: question is {question!r}, expected some words")
    answers = first(row, "answers", "golden_answers", "answer")
    relevant = row.get("relevant")
    if answers is None and relevant is None:
        raise ConfigError(
            f"{where}: neither answers nor relevant; a question that has no answer says so with answers: []"
        )
    meta = first(row, "meta", "metadata") or {}
    if not isinstance(meta, Mapping):
        raise ConfigError(f"{where}: meta is {meta!r}, expected an object")
    rest = {name: value for name, value in row.items() if name not in _KNOWN}
    identity = first(row, "id", "_id")
    return Case(
        id=str(number if identity is None else identity),
        question=question.strip(),
        answers=strings(answers, where, "answers"),
        relevant=gains(relevant, where),
        meta={**rest, **meta},
        left_out=strings(row.get("left_out"), where, "left_out"),
        without=strings(row.get("without"), where, "without"),
        history=turns(row.get("history"), where),
    )


def turns(value: Any, where: str) -> tuple[Turn, ...]:
    """The conversation before a question: objects of `question` and `answer`, or pairs, oldest first."""
    if value is None:
        return ()
    read = []
    for turn in value if isinstance(value, list) else [None]:
        pair = (turn.get("question"), turn.get("answer")) if isinstance(turn, Mapping) else turn
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(p, str) for p in pair)):
            raise ConfigError(
                f'{where}: history is {value!r}, expected a list of {{"question": …, "answer": …}}'
            )
        read.append(Turn(*pair))
    return tuple(read)


def first(row: Mapping[str, Any], *names: str) -> Any:
    """The value of the first of these names that the row has."""
    return next((row[name] for name in names if row.get(name) is not None), None)


def strings(value: Any, where: str, name: str) -> tuple[str, ...]:
    """A list of strings, or one string alone; repeats and blanks go."""
    if value is None:
        return ()
    items = [value] if isinstance(value, str | int | float) else value
    if not isinstance(items, list) or not all(isinstance(item, str | int | float) for item in items):
        raise ConfigError(f"{where}: {name} is {value!r}, expected a list of strings")
    return tuple(dict.fromkeys(str(item).strip() for item in items if str(item).strip()))


def gains(value: Any, where: str) -> dict[str, float]:
    """Document ids, or an object of id → gain; a gain of 0 or less is not relevant."""
    if isinstance(value, Mapping):
        judged = {}
        for document, gain in value.items():
            if isinstance(gain, bool) or not isinstance(gain, int | float):
                raise ConfigError(f"{where}: the gain of {document!r} is {gain!r}, expected a number")
            if gain > 0:
                judged[str(document)] = float(gain)
        return judged
    return dict.fromkeys(strings(value, where, "relevant"), 1.0)
