"""JSON and JSON Lines: a document for each object that carries a text, or else the file as one document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rag.errors import LoadError
from rag.loaders.decode import decode
from rag.loaders.formats import suffix_of
from rag.loaders.guard.limits import Limits
from rag.loaders.metadata import one_line, scalars
from rag.loaders.result import Loaded
from rag.types import Document

TEXT_FIELDS = ("text", "content", "body")
ID_FIELDS = ("id", "_id", "doc_id", "docid")
# A file on one line longer than this was written for machines; no one could read a quote from it.
MAX_SINGLE_LINE = 200


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document an object with a `text`, `content` or `body`, its source `file#<id, or place from 1>`.

    Otherwise one document of the whole file, `application/json`: the file's own text, or, where that is a
    single long line, the same indented. Lines of JSONL that do not parse are problems; a broken JSON file
    is a LoadError that names line and column.
    """
    decoded = decode(data)
    text = decoded.text
    if not text.strip():
        return Loaded([], [])
    if suffix_of(source) in (".jsonl", ".ndjson"):
        return _lines(text, source, limits, decoded.metadata)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        # "Extra data" behind a first value: JSON Lines under the name of JSON.
        if error.msg == "Extra data" and text[error.pos - 1] == "\n":
            return _lines(text, source, limits, decoded.metadata)
        raise LoadError(
            f"no JSON: {error.msg} at line {error.lineno}, column {error.colno}; correct the file"
        ) from error
    except ValueError as error:
        raise LoadError(f"no JSON: {error}") from error
    if isinstance(value, list) and any(_text_of(each) for each in value):
        return _records(enumerate(value, 1), "element", source, limits, decoded.metadata)
    return Loaded([_whole(text, value, source, decoded.metadata)], [])


def _lines(text: str, source: str, limits: Limits, metadata: dict[str, str]) -> Loaded:
    """One JSON value a line; blank lines are no lines."""
    problems: list[str] = []
    records = _records(_parsed(text, problems), "line", source, limits, metadata)
    if not records.documents and len(records.problems) > 0 and not problems:
        # Every line is JSON, and none has a text.
        return Loaded([Document.make(text, source, metadata=metadata, media_type="application/json")], [])
    if not records.documents and problems:
        raise LoadError(f"no line is a JSON object with a text; {problems[0]}")
    return Loaded(records.documents, problems + records.problems)


def _parsed(text: str, problems: list[str]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError as error:
                problems.append(f"line {number} is no JSON: {error.msg} at column {error.colno}")
            except (ValueError, RecursionError) as error:
                problems.append(f"line {number} is no JSON: {error}")


def _records(
    values: Iterable[tuple[int, Any]], place: str, source: str, limits: Limits, metadata: dict[str, str]
) -> Loaded:
    documents: list[Document] = []
    problems: list[str] = []
    for number, value in values:
        if text_field := _text_of(value):
            documents.append(_record(value, text_field, f"{source}#{_id_of(value) or number}", metadata))
            limits.check("max_documents", len(documents), "documents")
        else:
            problems.append(f"{place} {number}: no object with a text in {', '.join(TEXT_FIELDS)}")
    return Loaded(documents, problems)


def _record(value: dict[str, Any], text_field: str, source: str, metadata: dict[str, str]) -> Document:
    title = value.get("title")
    return Document.make(
        value[text_field],
        source,
        title=one_line(title) if isinstance(title, str) else "",
        metadata={**metadata, **scalars(value, leave_out=frozenset({text_field, "title"}))},
    )


def _text_of(value: Any) -> str:
    """The name of the field that holds an object's text; `` where none does."""
    if not isinstance(value, dict):
        return ""
    fields = (name for name in TEXT_FIELDS if isinstance(value.get(name), str) and value[name].strip())
    return next(fields, "")


def _id_of(value: dict[str, Any]) -> str:
    for name in ID_FIELDS:
        known = value.get(name)
        if isinstance(known, str | int) and not isinstance(known, bool) and str(known).strip():
            return one_line(str(known))[:200]
    return ""


def _whole(text: str, value: Any, source: str, metadata: dict[str, str]) -> Document:
    kept: dict[str, Any] = {**metadata}
    if "\n" not in text.strip() and len(text) > MAX_SINGLE_LINE:
        text = json.dumps(value, indent=2, ensure_ascii=False)
        kept["reformatted"] = True
    title = value.get("title") if isinstance(value, dict) else None
    return Document.make(
        text,
        source,
        title=one_line(title)[:300] if isinstance(title, str) else "",
        metadata=kept,
        media_type="application/json",
    )
