"""What a person said of answers: one JSON line a rating in `ratings.jsonl`, in the folder of the index.

A rating holds the question, the answer's words, what it cited, and whether it was good. The last rating of a
question counts. Good ones teach the stage `memory`; all of them become questions for `rag eval`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.errors import ConfigError, CorruptError, StoreError
from rag.text.lines import json_lines
from rag.types import Answer

NAME = "ratings.jsonl"


@dataclass(frozen=True, slots=True)
class Rating:
    """`short` are the words that answer, where the answer names them; `sources` are what it cites.

    `marked` is the answer with `[1]` behind what the first of its `chunks` proves, and so on.
    """

    question: str
    good: bool
    answer: str
    short: str = ""
    sources: tuple[str, ...] = ()
    chunks: tuple[str, ...] = ()
    marked: str = ""


def rating(question: str, answer: Answer, *, good: bool) -> Rating:
    """The rating of an answer. Raises ConfigError for calling an answer good that was declined."""
    if good and answer.abstained:
        raise ConfigError(
            f"{question!r} was declined: there is no answer to call good; `rag correct` gives one"
        )
    cited = answer.citations
    chunks = tuple(dict.fromkeys(citation.chunk_id for citation in cited))
    numbers = {chunk_id: number for number, chunk_id in enumerate(chunks, 1)}
    marked = []
    for sentence in answer.sentences:
        proved = dict.fromkeys(numbers[citation.chunk_id] for citation in sentence.citations)
        marked.append(sentence.text + "".join(f" [{number}]" for number in proved))
    return Rating(
        question=question,
        good=good,
        answer=" ".join(sentence.text for sentence in answer.sentences),
        short=answer.span.quote if answer.span else "",
        sources=tuple(dict.fromkeys(citation.source for citation in cited)),
        chunks=chunks,
        marked=" ".join(marked),
    )


def rate(home: Path, given: Rating) -> Path:
    """Appends a rating. Raises StoreError where the folder cannot be written."""
    path = home / NAME
    try:
        home.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(given), ensure_ascii=False) + "\n")
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}): check its permissions") from error
    return path


def ratings(home: Path) -> list[Rating]:
    """The last rating of every question, in the order of the file. Raises CorruptError for another line."""
    path = home / NAME
    latest: dict[str, Rating] = {}
    for number, line in enumerate(json_lines(path.read_text("utf-8")) if path.exists() else (), 1):
        try:
            row = json.loads(line)
            row["sources"], row["chunks"] = tuple(row["sources"]), tuple(row["chunks"])
            latest[row["question"]] = Rating(**row)
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptError(f"{path}, line {number}: {error!r}. Remove that line") from error
    return list(latest.values())


def forget(home: Path, names: Sequence[str], question: str) -> None:
    """Takes a question out of files of JSON lines that hold one a line, `names` in the folder."""
    for path in (home / name for name in names):
        if path.exists():
            lines = json_lines(path.read_text("utf-8"))
            kept = [line for line in lines if json.loads(line).get("question") != question]
            if len(kept) < len(lines):
                path.write_text("".join(f"{line}\n" for line in kept), "utf-8")
