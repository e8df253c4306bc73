"""What each stage did: one record a stage, in order. `rag ask --explain` prints them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

from rag.counts import counted
from rag.errors import RagError, StageError
from rag.types import Answer, Detail, Hit, Question
from rag.types import Record as Record

T = TypeVar("T")
_Detail = dict[str, Any]
_RUNNING: ContextVar[_Detail | None] = ContextVar("detail of the stage that is running", default=None)


def name_of(stage: object) -> str:
    """What a stage is called: its `name`, or that of its function or class."""
    return str(getattr(stage, "name", None) or getattr(stage, "__name__", None) or type(stage).__name__)


class Trace:
    """The records of one question so far. `run` calls a stage and keeps its record."""

    def __init__(self, question: str) -> None:
        self.records: list[Record] = []
        self._came = question
        self._reported = 0

    def run(self, stage: str, work: Callable[..., T], *args: Any) -> T:
        """What the stage returns: a question, hits, or an answer."""
        added: _Detail = {}
        token = _RUNNING.set(added)
        try:
            began = time.perf_counter()
            result = work(*args)
            ms = (time.perf_counter() - began) * 1000
        except Exception as error:
            raise _failed(stage, work, error) from error
        finally:
            _RUNNING.reset(token)
        _check(stage, work, result)
        went_out, detail = _result_record(result)
        if added.get("dropped"):
            went_out += f", {len(added['dropped'])} dropped"
        self._keep(stage, name_of(work), went_out, ms, {**detail, **added})
        return result

    def generate(self, work: Callable[..., Any], question: Question, hits: Sequence[Hit]) -> Iterator[Any]:
        """The pieces a generator yields, as they come; its record is kept when it ends."""
        detail: _Detail = {}
        number = 0
        began = time.perf_counter()
        try:
            for piece in _pieces(work, question, hits, detail):
                if isinstance(piece, Detail):
                    detail.update(piece.values)
                else:
                    number += 1
                    yield piece
        except Exception as error:
            raise _failed("generate", work, error) from error
        left_out = len(detail.get("left_out", ()))
        went_out = counted(number, "piece")
        if left_out:
            went_out += f", {counted(left_out, 'hit')} left out: the context is full"
        self._keep("generate", name_of(work), went_out, (time.perf_counter() - began) * 1000, detail)

    def news(self) -> list[Record]:
        """The records that were kept since the last call."""
        fresh = self.records[self._reported :]
        self._reported = len(self.records)
        return fresh

    def passed_on(self, hits: Sequence[Hit]) -> None:
        """Says how many hits the next stage is given, where that is fewer than the last one left."""
        self._came = counted(len(hits), "hit")

    def _keep(self, stage: str, name: str, went_out: str, ms: float, detail: Mapping[str, Any]) -> None:
        self.records.append(Record(stage, name, self._came, went_out, round(ms, 3), detail))
        self._came = went_out


def _failed(stage: str, work: object, error: Exception) -> Exception:
    """The error itself where it was meant for people, else one that names the stage."""
    if isinstance(error, RagError):
        return error
    return StageError(f"the {stage} stage {name_of(work)} failed: {type(error).__name__}: {error}")


def _check(stage: str, work: object, result: Any) -> None:
    """Raises StageError for what is no question, hits or answer, as far as the kind of stage says."""
    if stage == "augment":
        right, expected = isinstance(result, Question), "a Question"
    elif stage == "ground":
        right, expected = isinstance(result, Answer), "an Answer"
    else:
        right = isinstance(result, Sequence) and all(isinstance(hit, Hit) for hit in result)
        expected = "a sequence of hits"
    if not right:
        raise StageError(
            f"the {stage} stage {name_of(work)} returned {type(result).__name__}, expected {expected}"
        )


def _pieces(
    work: Callable[..., Any], question: Question, hits: Sequence[Hit], detail: _Detail
) -> Iterator[Any]:
    """The pieces; what the generator notes goes to `detail`, and what others note in between does not."""
    pieces: Iterator[Any] | None = None
    while True:
        token = _RUNNING.set(detail)
        try:
            if pieces is None:
                made = work(question, hits)
                pieces = iter((made,) if isinstance(made, str) else made)
            piece = next(pieces)
        except StopIteration:
            return
        finally:
            _RUNNING.reset(token)
        yield piece


def note(name: str, value: Any) -> None:
    """Adds a JSON value to the detail of the stage that calls this; without a trace it does nothing."""
    added = _RUNNING.get()
    if added is not None:
        added[name] = value


def note_dropped(hit: Hit, why: str) -> None:
    """Adds a hit to what the stage that calls this says it dropped, and why."""
    added = _RUNNING.get()
    if added is not None:
        chunk = hit.chunk
        row = {"chunk": chunk.id, "source": chunk.source, "page": chunk.page, "score": round(hit.score, 4)}
        added.setdefault("dropped", []).append({**row, "why": why})


def note_reader(text: str) -> None:
    """Adds a sentence to the `notes` of the answer: what its reader should know besides."""
    added = _RUNNING.get()
    if added is not None:
        added.setdefault("notes", []).append(text)


def notes_of(records: Sequence[Record]) -> tuple[str, ...]:
    """What the stages have to tell a reader, in their order."""
    return tuple(note for record in records for note in record.detail.get("notes", ()))


def _result_record(value: Any) -> tuple[str, Mapping[str, Any]]:
    """What a stage returned: in a few words, and as JSON values."""
    if hasattr(value, "queries"):
        return _question_record(value)
    return _answer_record(value) if hasattr(value, "sentences") else _hits_record(value)


def _question_record(question: Question) -> tuple[str, Mapping[str, Any]]:
    queries = [query.text for query in question.queries] or [question.text]
    return " | ".join(queries), {"queries": queries}


def _hits_record(hits: Sequence[Hit]) -> tuple[str, Mapping[str, Any]]:
    """Every hit with its score, and where each retriever had put it."""
    rows = [
        {
            "chunk": hit.chunk.id,
            "source": hit.chunk.source,
            "page": hit.chunk.page,
            "score": round(hit.score, 4),
            "ranks": dict(hit.ranks),
            "scores": {name: round(score, 4) for name, score in hit.scores.items()},
        }
        for hit in hits
    ]
    return counted(len(hits), "hit"), {"hits": rows}


def _answer_record(answer: Answer) -> tuple[str, Mapping[str, Any]]:
    outcome = "abstained" if answer.abstained else counted(len(answer.sentences), "sentence")
    detail = {
        "confidence": round(answer.confidence, 4),
        "sentences": [
            {
                "text": sentence.text,
                "support": round(sentence.support, 4),
                "cites": [c.marker for c in sentence.citations],
            }
            for sentence in answer.sentences
        ],
    }
    return f"{outcome}, confidence {answer.confidence:.2f}", detail
