"""Questions with passages and answers, read from JSON lines: what a reader learns from.

A line has `question`, `context` and `answers` (a list of strings, or of `{text, start}` with the character at
which the answer begins in the context), and may have `id`, `title`, `unanswerable`. With `document` in place
of `context`, and without `answers`, it says only that the document answers the question. `p` is the
probability that the answers are right, where a model found them. Files may be gzipped.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.text.lines import json_lines
from rag.types import stable_id


@dataclass(frozen=True, slots=True)
class Example:
    """A question on a passage. `answers` are character spans of `context`; empty where none is known.

    `sure` is how likely the answers are right, where a model found them and not a person.
    """

    id: str
    title: str
    question: str
    context: str
    answers: tuple[tuple[int, int], ...]
    answerable: bool
    source: str
    sure: float = 1.0

    @property
    def texts(self) -> tuple[str, ...]:
        """The answers' words."""
        return tuple(dict.fromkeys(self.context[start:end] for start, end in self.answers))


def read_examples(paths: Sequence[Path]) -> list[Example]:
    """Every question of the files, in their order. ConfigError names file and line that cannot be used."""
    examples: list[Example] = []
    for path in paths:
        for number, line in _lines(path):
            try:
                examples.append(_example(json.loads(line), path.name.partition(".")[0]))
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigError(
                    f"{path}:{number}: {error}; expected a JSON object with question, context "
                    "and answers (or document)"
                ) from error
    if not examples:
        raise ConfigError(f"no questions in {', '.join(map(str, paths)) or 'no files'}: expected JSON lines")
    return examples


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        text = raw.decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): expected JSON lines, gzipped or not") from error
    for number, line in enumerate(json_lines(text), 1):
        if line.strip():
            yield number, line


def _example(row: Mapping[str, Any], source: str) -> Example:
    question, context = str(row["question"]).strip(), str(row["document" if "document" in row else "context"])
    if not question or not context.strip():
        raise ValueError("an empty question or context")
    given_answers = row.get("answers", ()) if "document" in row else row["answers"]
    answerable = not row.get("unanswerable", False)
    answers = tuple(_spans(context, given_answers)) if answerable else ()
    if answerable and not answers and "document" not in row:
        raise ValueError("no answers, and not said to be unanswerable")
    title = str(row.get("title") or "")
    given_id = str(row.get("id") or stable_id(question, context))
    sure = float(row.get("p", 1.0))
    return Example(
        given_id, title, question, context, tuple(dict.fromkeys(answers)), answerable, source, sure
    )


def _spans(context: str, answers: Sequence[Any]) -> Iterator[tuple[int, int]]:
    for answer in answers:
        text = answer["text"] if isinstance(answer, Mapping) else str(answer)
        start = answer.get("start", -1) if isinstance(answer, Mapping) else -1
        if start < 0:
            start = context.find(text)
        if not text.strip() or start < 0 or context[start : start + len(text)] != text:
            raise ValueError(f"the answer {text!r} does not stand in the context where it is said to")
        yield start, start + len(text)
