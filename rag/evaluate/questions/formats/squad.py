"""SQuAD JSON, versions 1.1 and 2.0: articles of paragraphs, each with its questions.

A paragraph is the document `<title>#<number>`, as `corpus_of` names it too. Questions marked impossible are
unanswerable; what they were written for stays in `meta.written_for`.
Source: Rajpurkar et al., Know What You Don't Know: Unanswerable Questions for SQuAD.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case
from rag.types import Document

from .rows import strings, text_of


def read(path: Path) -> Iterator[Case]:
    """Every question of every paragraph."""
    for identity, where, paragraph in _paragraphs(path):
        for number, row in enumerate(paragraph.get("qas", [])):
            spot = f"{where}.qas[{number}]"
            if not isinstance(row, dict) or not isinstance(row.get("question"), str):
                raise ConfigError(f"{spot}: expected an object with a `question`")
            answers = row.get("answers") or []
            if not all(isinstance(answer, dict) and "text" in answer for answer in answers):
                raise ConfigError(f"{spot}: answers is {answers!r}, expected objects with a `text`")
            texts = strings([answer["text"] for answer in answers], spot, "answers")
            meta: dict[str, Any] = {"article": identity.rpartition("#")[0]}
            if row.get("is_impossible") or not texts:
                yield Case(str(row.get("id", spot)), row["question"], meta=meta | {"written_for": identity})
            else:
                yield Case(str(row.get("id", spot)), row["question"], texts, {identity: 1.0}, meta)


def documents(path: Path) -> Iterator[Document]:
    """Every paragraph as a document."""
    for identity, where, paragraph in _paragraphs(path):
        if not isinstance(paragraph.get("context"), str):
            raise ConfigError(f"{where}: expected a `context`")
        title = identity.rpartition("#")[0].replace("_", " ")
        yield Document.make(paragraph["context"], identity, title=title)


def _paragraphs(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(document id, where it stands, paragraph)."""
    try:
        value = json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}:{error.lineno}: no JSON ({error.msg} at column {error.colno})") from error
    articles = value.get("data") if isinstance(value, dict) else None
    if not isinstance(articles, list):
        raise ConfigError(f"{path}: expected SQuAD's form, an object with `data`: a list of articles")
    for number, article in enumerate(articles):
        for place, paragraph in enumerate(article.get("paragraphs", [])):
            yield (
                f"{article.get('title', number)}#{place:03d}",
                f"{path}: data[{number}].paragraphs[{place}]",
                paragraph,
            )
